// Whose log an input is, by its path.
#include "format/sensor_name.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(SensorNameTest, TheFolderThatTells) {
  const auto sensor = [](std::string_view name) { return sensor_from_input(name, "zeek"); };
  EXPECT_EQ(sensor("border-1/conn.log"), "border-1");
  EXPECT_EQ(sensor("/data/border-1/logs/2024-05-01/conn.00:00:00-01:00:00.log.gz"), "border-1");
  EXPECT_EQ(sensor("border-1/current/conn.log"), "border-1");
  EXPECT_EQ(sensor("/srv/gate/20240501/12/conn.log"), "gate");
  EXPECT_EQ(sensor("day.tar.gz!conn.log"), "day");
  EXPECT_EQ(sensor("in/day.tar.gz!gate-2/conn.log"), "gate-2");
  EXPECT_EQ(sensor("in/2024-05-01.zip!conn.log"), "in");
  EXPECT_EQ(sensor("conn.log"), "zeek");
  EXPECT_EQ(sensor("./conn.log"), "zeek");
  EXPECT_EQ(sensor("../logs/conn.log"), "zeek");
  EXPECT_EQ(sensor("-"), "zeek");
  EXPECT_EQ(sensor(""), "zeek");
  EXPECT_EQ(sensor("caf\xc3\xa9/conn.log"), "caf\\195\\169");
}

}  // namespace
}  // namespace rw
