// A dossier in one form: html, md, json, pdf or for the terminal.
//
// A renderer is one .cpp file that defines one `extern constinit const Renderer` and one line in renderers.cpp.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "section/dossier.h"

namespace rw {

struct RenderOptions {
  std::string version;  // of the program
  bool colour = false;  // terminal
  unsigned width = 0;   // terminal columns; 0: 100
  bool print = false;   // html for paper: no scripts, one drawing of each figure, in colours of its own
  std::string
      files_stem;  // how files beside the document may be called: "dossier" for dossier-figure-daily.svg; empty: none
};

struct RenderedDossier {
  std::string text;
  std::vector<std::pair<std::string, std::string>> files;  // name beside the document, contents
};

struct Renderer {
  std::string_view id;         // what --format calls it
  std::string_view extension;  // of the file, without dot; "" for the terminal
  std::string_view doc;
  Result<RenderedDossier> (*render)(const Dossier& dossier, const RenderOptions& options);
};

std::span<const Renderer* const> renderers();
const Renderer* find_renderer(std::string_view id);

}  // namespace rw
