# Boards: power and energy chips, rails, batteries.
target_sources(jb_sensor PRIVATE
  board/battery.cc
  board/battery_probe.cc
  board/battery_sensor.cc
  board/battery_state.cc
  board/board_probe.cc
  board/board_sensor.cc
  board/channel_traits.cc
  board/chip_coverage.cc
  board/chip_rules.cc
  board/hwmon.cc
  board/hwmon_probe.cc
  board/jetson.cc
  board/value_file.cc)

joulebook_test(sensor_board ROOMS sensor meter fakes LIBRARIES rapidcheck rapidcheck_gtest
  SOURCES
    board/battery_test.cc
    board/board_sensor_test.cc
    board/graphics_test.cc
    board/hwmon_test.cc
    board/jetson_test.cc)
