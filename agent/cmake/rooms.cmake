# agent_room(NAME [ROOMS room...] [LIBS target...])
#
# One room of the house is one folder and one static library that links only the rooms it may know, so that a call
# upward fails to link in that room's own unit tests. Third-party libraries are private to the room: what
# pcre2.h declares is visible in match/ and kb/ and nowhere else. A room of headers only becomes an interface library.
function(agent_room name)
  cmake_parse_arguments(ROOM "" "" "ROOMS;LIBS" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.c)
  if(files)
    add_library(room_${name} STATIC ${files})
    set(scope PUBLIC)
    target_link_libraries(room_${name} PRIVATE ${ROOM_LIBS})
  else()
    add_library(room_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(room_${name} ${scope} ${CMAKE_SOURCE_DIR}/agent)
  target_link_libraries(room_${name} ${scope} gpuerr_flags)
  foreach(room IN LISTS ROOM_ROOMS)
    target_link_libraries(room_${name} ${scope} room_${room})
  endforeach()
endfunction()
