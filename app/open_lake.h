// Opening the lake that the command line names.
#pragma once

#include <memory>

#include "command.h"
#include "lake/lake.h"

namespace rw {

// --lake, --memory and --threads where the command has these flags and they were given. Reading only, unless `wanted`
// says otherwise.
Result<std::unique_ptr<Lake>> open_lake(const Arguments& args, LakeOptions wanted = {});

}  // namespace rw
