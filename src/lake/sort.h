// The order in which a batch's rows go into a file: by hour, then by the table's sort columns.
#pragma once

#include <cstdint>
#include <vector>

#include "model/batch.h"

namespace rw {

// Row numbers in sorted order. Stable only up to a sixteenth of a second of the time column within one hour and
// address.
std::vector<std::uint32_t> sorted_rows(const Batch& batch);

}  // namespace rw
