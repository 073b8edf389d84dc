// Questions bucketed by time over more rows than memory should hold are asked slice by slice: no group spans two
// slices.
#pragma once

#include <vector>

#include "base/result.h"
#include "lake/renderer.h"
#include "store/query.h"
#include "store/value.h"

namespace rw {

struct SliceOptions {
  std::uint64_t rows = 20'000'000;  // about as many per slice: a group each is some 2 GB
};

// The question itself where it needs no slicing.
Result<std::vector<Query>> slices_of(const Query& query, ScanContext& context, const SliceOptions& options = {});
Result<bool> needs_slices(const Query& query, ScanContext& context, const SliceOptions& options = {});
// One answer from those of the slices, in the order that the question asks for.
Answer join_slices(const Query& query, std::vector<Answer> answers);

}  // namespace rw
