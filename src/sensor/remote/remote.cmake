# Meters outside the machine: BMCs, plugs, programs, logs of another machine.
target_sources(jb_sensor PRIVATE
  remote/foreign_clock.cc
  remote/ipmi.cc
  remote/line_source.cc
  remote/meter_lines.cc
  remote/plugs.cc
  remote/poller.cc
  remote/powermetrics.cc
  remote/program.cc
  remote/redfish.cc
  remote/remote.cc
  remote/spec.cc
  remote/times.cc
  remote/web.cc
  remote/wires.cc)
target_link_libraries(jb_sensor PRIVATE Threads::Threads)

joulebook_test(sensor_remote ROOMS sensor fakes scripted_endpoint LIBRARIES rapidcheck rapidcheck_gtest
  SOURCES
    remote/encrypted_test.cc
    remote/ipmi_test.cc
    remote/line_source_test.cc
    remote/poller_test.cc
    remote/redfish_test.cc
    remote/web_test.cc
  ONE_THREAD
    remote/foreign_clock_test.cc
    remote/meter_lines_test.cc
    remote/powermetrics_test.cc)
if(TARGET sensor_remote_test)
  target_compile_definitions(sensor_remote_test PRIVATE
    SENSOR_SAMPLES="${PROJECT_SOURCE_DIR}/tests/data/sensors"
    WEB_METER="${PROJECT_SOURCE_DIR}/tests/fakes/web_meter.py")
endif()
