# The table of confusable characters, made by the build out of ICU's data. ICU itself is no part of the program.
add_executable(confusables_maker EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/cmake/confusables_maker.cpp)
target_link_libraries(confusables_maker PRIVATE PkgConfig::icu)
set_target_properties(confusables_maker PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/cmake)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/generated/confusables.inc
  COMMAND confusables_maker ${CMAKE_BINARY_DIR}/generated/confusables.inc
  DEPENDS confusables_maker
  COMMENT "Making the table of confusable characters"
  VERBATIM)
target_sources(rw_mail PRIVATE ${CMAKE_BINARY_DIR}/generated/confusables.inc)
