// Fills in what rows need and their format cannot know: the registered domain of each DNS name.
#pragma once

#include "model/emitter.h"

namespace rw {

// Stands before another sink. Here and not in the decoders, because formats do not depend on the public suffix list.
class DomainFiller : public BatchSink {
 public:
  explicit DomainFiller(BatchSink& next) : next_(next) {}
  Result<void> take(Batch&& batch) override;

 private:
  BatchSink& next_;
};

}  // namespace rw
