joulebook_room(gateway
  SOURCES agent.cc floor_learner.cc live_books.cc live_faces.cc local_server.cc serve_options.cc windows.cc
  DEPENDS core meter study ledger export
  LIBRARIES fmt::fmt Threads::Threads)

joulebook_test(gateway ROOMS gateway LIBRARIES rapidcheck rapidcheck_gtest
  SOURCES agent_test.cc floor_learner_test.cc live_books_test.cc live_faces_test.cc serve_options_test.cc windows_test.cc)
