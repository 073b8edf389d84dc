// Renders a report in the form that was asked for, and writes it.
#include "report_output.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace rw {
namespace {

constexpr std::string_view kForms[] = {"html", "md", "json", "pdf", "terminal"};

Result<void> write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) return Failure(ErrorCode::kIo, "cannot write " + path);
  return {};
}

}  // namespace

namespace flags {
extern constinit const Flag kReportForm{
    .name = "format",
    .value = "FORM",
    .doc = "html, md, json, pdf or terminal; default: from the name of --output, else terminal",
    .choices = kForms};
extern constinit const Flag kReportOutput{
    .name = "output", .letter = 'o', .value = "FILE", .doc = "write here instead of to standard output"};
}  // namespace flags

Result<const Renderer*> report_form(const Arguments& args, Console&) {
  const std::string_view output = args.get(flags::kReportOutput);
  if (args.has(flags::kReportForm)) {
    const Renderer* renderer = find_renderer(args.get(flags::kReportForm));
    if (renderer->id == "pdf" && output.empty() && isatty(STDOUT_FILENO) == 1)
      return Failure(ErrorCode::kUsage, "a pdf is nothing for a terminal: say where it goes with --output FILE");
    return renderer;
  }
  if (!args.has(flags::kReportOutput)) return find_renderer("terminal");
  const std::string extension = std::filesystem::path(output).extension().string();
  for (const Renderer* renderer : renderers())
    if (!extension.empty() && extension.substr(1) == renderer->extension) return renderer;
  return Failure(ErrorCode::kUsage,
                 "say --format: '" + std::string(output) + "' does not end in .html, .md, .json or .pdf");
}

Result<void> write_report(const Dossier& dossier, const Renderer& renderer, const Arguments& args, Console& console) {
  const bool to_file = args.has(flags::kReportOutput);
  RenderOptions options;
  options.version = RW_VERSION;
  options.colour = console.out_colour() && !to_file;
  options.width = to_file ? 0 : console.width();
  const std::filesystem::path output(args.get(flags::kReportOutput));
  if (to_file) options.files_stem = output.stem().string();
  console.progress("report: " + std::string(renderer.id));
  RW_ASSIGN(const RenderedDossier rendered, renderer.render(dossier, options));
  console.progress("");
  if (!to_file) {
    console.out(rendered.text);
    return {};
  }
  RW_TRY(write_file(output.string(), rendered.text));
  for (const auto& [name, contents] : rendered.files)
    RW_TRY(write_file((output.parent_path() / name).string(), contents));
  return {};
}

}  // namespace rw
