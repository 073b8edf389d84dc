// Draws figures as static SVG with the page's own script, inside the process (no browser, no Node).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "section/section.h"

namespace rw {

struct FigureStyle {
  int width = 880;
  bool narrow = false;    // proportions for a phone
  bool variables = true;  // colours as CSS variables of the page; else literal, for a file of its own
};

// One script engine: figures of one document come from one object, so that the ids inside them differ. One thread.
class FigureDrawer {
 public:
  // kInternal when the script cannot run; that is a fault of the build.
  static Result<std::unique_ptr<FigureDrawer>> start();
  virtual ~FigureDrawer() = default;
  // An <svg> element with title, description and role. kLimit: more memory than kMostBytes.
  virtual Result<std::string> draw(const SectionFigure& figure, const FigureStyle& style) = 0;

  static constexpr std::size_t kMostBytes = 512U << 20;  // five figures take about 35 MB
};

}  // namespace rw
