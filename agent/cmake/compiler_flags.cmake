# Warnings, hardening and sanitizers, in one interface target that every target of the project links.
add_library(gpuerr_flags INTERFACE)
target_compile_definitions(gpuerr_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64
  GPUERR_VERSION="${PROJECT_VERSION}")
target_compile_options(gpuerr_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2
  -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wundef -Wvla -Walloca
  -Wswitch-enum -Wwrite-strings -Wnull-dereference -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(gpuerr_flags INTERFACE -Wlogical-op -Wduplicated-cond -Wduplicated-branches)
endif()
if(GPUERR_WERROR)
  target_compile_options(gpuerr_flags INTERFACE -Werror)
endif()

target_compile_options(gpuerr_flags INTERFACE -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  target_compile_options(gpuerr_flags INTERFACE -fcf-protection)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_compile_options(gpuerr_flags INTERFACE -mbranch-protection=standard)
endif()
target_link_options(gpuerr_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
# The shipped entries are constants full of pointers. Packed, their relocations take 26 KiB of the file instead of 1.6 MiB.
include(CheckLinkerFlag)
check_linker_flag(C -Wl,-z,pack-relative-relocs gpuerr_packs_relocations)
if(gpuerr_packs_relocations)
  target_link_options(gpuerr_flags INTERFACE -Wl,-z,pack-relative-relocs)
endif()

if(GPUERR_SANITIZE)
  target_compile_options(gpuerr_flags INTERFACE
    -fsanitize=${GPUERR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gpuerr_flags INTERFACE -fsanitize=${GPUERR_SANITIZE})
else()
  # Fortified calls need optimisation, and hide errors from the sanitizers.
  target_compile_options(gpuerr_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()
if(GPUERR_FUZZ)
  target_compile_options(gpuerr_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
