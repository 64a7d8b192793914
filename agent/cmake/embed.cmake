# What is compiled into the binary: the knowledge base and the shipped rule pack.
#
# kb_builtin: kb-embed (built from the kb room) reads kb/*/*.json with the loader that the agent itself uses and writes one C
# file of constant data. A fault in an entry stops the build with its file, field and reason.
add_executable(kb-embed tools/kb_embed.c)
target_link_libraries(kb-embed PRIVATE room_kb)

file(GLOB kb_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kb/*/*.json)
set(kb_c ${CMAKE_CURRENT_BINARY_DIR}/kb_builtin.c)
add_custom_command(OUTPUT ${kb_c}
  COMMAND kb-embed ${CMAKE_SOURCE_DIR}/kb ${kb_c}
  DEPENDS kb-embed ${kb_files}
  COMMENT "Embedding the knowledge base" VERBATIM)
add_library(kb_builtin STATIC ${kb_c})
target_include_directories(kb_builtin PRIVATE ${CMAKE_SOURCE_DIR}/agent)
target_compile_definitions(kb_builtin PRIVATE _GNU_SOURCE)
# Constant data has nothing to optimise or to sanitize; both only cost build time.
target_compile_options(kb_builtin PRIVATE -std=c11 -O0 -g0)

# rules_builtin: the texts of rules/*.yaml as C arrays, in the order of their names.
set(rules_c ${CMAKE_CURRENT_BINARY_DIR}/rules_builtin.c)
file(GLOB rules_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/rules/*.yaml)
add_custom_command(OUTPUT ${rules_c}
  COMMAND ${CMAKE_COMMAND} "-DIN=${rules_files}" -DOUT=${rules_c} -P ${CMAKE_SOURCE_DIR}/agent/cmake/embed_packs.cmake
  DEPENDS ${rules_files} ${CMAKE_SOURCE_DIR}/agent/cmake/embed_packs.cmake
  COMMENT "Embedding the rule packs" VERBATIM)
add_library(rules_builtin STATIC ${rules_c})
target_include_directories(rules_builtin PRIVATE ${CMAKE_SOURCE_DIR}/agent)
target_compile_definitions(rules_builtin PRIVATE _GNU_SOURCE)
# The rules room falls back on it, so whoever links the room links it as well.
target_link_libraries(room_rules INTERFACE rules_builtin)
