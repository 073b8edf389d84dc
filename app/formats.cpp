// rangewatch formats: the input formats that are built in.
#include "format/format.h"

#include "command.h"

namespace rw {
namespace {

Result<int> run(const Arguments&, Console& console) {
  for (const Format* format : formats())
    console.out(std::string(format->name) + "  " + std::string(format->title) + "\n");
  return 0;
}

constexpr std::string_view kExamples[] = {"rangewatch formats"};

}  // namespace

extern constinit const Command kFormatsCommand{
    .name = "formats", .summary = "list the input formats that ingest reads", .examples = kExamples, .run = run};

}  // namespace rw
