# What the gateway says of itself while it runs; other threads ask.
joulebook_room(live
  SOURCES live_books.cc live_faces.cc
  DEPENDS core export ledger wire
  LIBRARIES fmt::fmt)

joulebook_room(gateway
  SOURCES active_energy.cc agent.cc fact_log.cc floor_learner.cc local_engine.cc local_server.cc
    meter_plan.cc metered_host.cc
    request_view.cc scraper.cc serve_options.cc service.cc settler.cc settler_facts.cc settler_windows.cc settling_turns.cc windows.cc
  DEPENDS core meter study ledger export attribution edge live wire
  LIBRARIES fmt::fmt Threads::Threads)

joulebook_test(gateway ROOMS gateway fake_meter fakes LIBRARIES jb_simulated_engine rapidcheck rapidcheck_gtest
  SOURCES settling_test.cc settling_turns_test.cc
  ONE_THREAD agent_test.cc floor_learner_test.cc live_books_test.cc live_faces_test.cc local_engine_test.cc meter_plan_test.cc serve_options_test.cc
    settler_hosts_test.cc settler_rest_test.cc settler_test.cc settler_truth_test.cc stretch_test.cc windows_test.cc)

joulebook_test(live_edge ROOMS edge live sample_live SOURCES live_edge_test.cc)
