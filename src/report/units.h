// Values of tables as people read them.
#pragma once

#include <string>

#include "model/document.h"
#include "section/section.h"

namespace rw {

// "1.2 GB", "12.5 %", "2019-04-23 03:00"; "–" for unknown. Text comes back as it is: whoever shows it escapes it.
std::string unit_text(const Document& value, Unit unit);
// Whether values of this unit stand to the right of their column.
bool is_numeric(Unit unit);

}  // namespace rw
