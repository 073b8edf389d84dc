// Entry point: hands the command line to the command table.
#include <csignal>
#include <span>

#include "command.h"

int main(int argc, char** argv) {
  // A reader that goes away (| head) is seen as a failed write, so that commands end in order: nothing half done, no
  // message.
  std::signal(SIGPIPE, SIG_IGN);
  rw::Console console;
  const std::span<const char* const> words(argv + (argc > 0 ? 1 : 0),
                                           argc > 0 ? static_cast<std::size_t>(argc - 1) : 0);
  return rw::run_command_line(words, console);
}
