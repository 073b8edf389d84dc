// rangewatch outputs: the forms in which a dossier can be written.
#include "command.h"
#include "flags.h"
#include "listing.h"
#include "report/renderer.h"

namespace rw {
namespace {

Result<int> run(const Arguments& args, Console& console) {
  AnswerWriter writer = listing_writer(args, console);
  writer.begin({{"id"}, {"extension"}, {"doc"}});
  for (const Renderer* renderer : renderers())
    writer.add({std::string(renderer->id),
                renderer->extension.empty() ? Value(Null{}) : Value(std::string(renderer->extension)),
                std::string(renderer->doc)});
  writer.finish();
  return 0;
}

constexpr const Flag* kFlags[] = {&flags::kFormat};
constexpr std::string_view kExamples[] = {"rangewatch outputs"};

}  // namespace

extern constinit const Command kOutputsCommand{.name = "outputs",
                                               .summary = "list the forms in which report writes a dossier",
                                               .examples = kExamples,
                                               .flags = kFlags,
                                               .run = run};

}  // namespace rw
