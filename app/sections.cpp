// rangewatch sections: the questions of the dossier that are built in.
#include "section/section.h"

#include "command.h"
#include "flags.h"
#include "listing.h"

namespace rw {
namespace {

Result<int> run(const Arguments& args, Console& console) {
  AnswerWriter writer = listing_writer(args, console);
  writer.begin({{"id", "", false}, {"doc", "", false}});
  for (const Section* section : sections())
    writer.add(std::vector<Value>{std::string(section->id), std::string(section->doc)});
  writer.finish();
  return 0;
}

constexpr const Flag* kFlags[] = {&flags::kFormat};
constexpr std::string_view kExamples[] = {"rangewatch sections"};

}  // namespace

extern constinit const Command kSectionsCommand{.name = "sections",
                                                .summary = "list the sections of the dossier that report writes",
                                                .examples = kExamples,
                                                .flags = kFlags,
                                                .run = run};

}  // namespace rw
