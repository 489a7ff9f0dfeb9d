find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL REQUIRED)

joulebook_room(edge
  SOURCES acknowledged.cc edge.cc edge_answer.cc edge_exchange.cc edge_session.cc head_edit.cc net.cc upstream.cc upstream_address.cc
  DEPENDS core http
  LIBRARIES Boost::headers OpenSSL::SSL OpenSSL::Crypto fmt::fmt Threads::Threads)

joulebook_test(edge ROOMS edge fakes LIBRARIES OpenSSL::SSL Threads::Threads rapidcheck rapidcheck_gtest
  SOURCES edge_both_ways_test.cc edge_hostile_test.cc edge_patience_test.cc edge_test.cc edge_tls_test.cc
    head_edit_test.cc upstream_address_test.cc)
