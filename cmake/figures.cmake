# The figures' script: built from ui/ with the locked npm tools and compiled into the binary.
find_program(RW_NODE node REQUIRED)
file(GLOB_RECURSE figures_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ui/src/*.ts ${CMAKE_SOURCE_DIR}/ui/src/*.css)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/generated/figures_script.cpp
  COMMAND ${RW_NODE} ${CMAKE_SOURCE_DIR}/ui/build.mjs ${CMAKE_BINARY_DIR}/generated/figures.js
          ${CMAKE_BINARY_DIR}/generated/dossier.css
  COMMAND ${RW_NODE} ${CMAKE_SOURCE_DIR}/ui/embed.mjs ${CMAKE_BINARY_DIR}/generated/figures.js
          ${CMAKE_BINARY_DIR}/generated/dossier.css
          ${CMAKE_BINARY_DIR}/generated/figures_script.cpp
  DEPENDS ${figures_sources} ui/build.mjs ui/embed.mjs package-lock.json
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "Bundling the figures"
  VERBATIM)
target_sources(rw_report PRIVATE ${CMAKE_BINARY_DIR}/generated/figures_script.cpp)
