// What to call the sensor of an input that does not name it.
#pragma once

#include <string>
#include <string_view>

namespace rw {

// The folder that an input lies in says whose log it is: "border-1/conn.log" is of "border-1". Folders that every
// sensor has are passed over (dates, "current", "logs", "spool"), so that the days of one sensor keep one name:
// "/data/border-1/logs/2024-05-01/conn.00:00:00-01:00:00.log.gz" is of "border-1" too. A member of an archive is of its
// folder there, else of the archive ("day.tar.gz!conn.log" is of "day"). Where nothing is left, `otherwise`. Escaped.
std::string sensor_from_input(std::string_view input_name, std::string_view otherwise);

}  // namespace rw
