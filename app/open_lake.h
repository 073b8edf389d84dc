// Opening the lake that the command line names, as its settings and the flags say.
#pragma once

#include <memory>

#include "command.h"
#include "lake/lake.h"
#include "model/settings.h"

namespace rw {

// rangewatch.toml of the lake that the command line names; the defaults where there is none.
Result<Settings> lake_settings(const Arguments& args);

// --lake, --memory and --threads where the command has these flags and they were given, else the lake's settings.
// Reading only, unless `wanted` says otherwise.
Result<std::unique_ptr<Lake>> open_lake(const Arguments& args, LakeOptions wanted = {});

}  // namespace rw
