#include "net/secrets/secrets.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"

using namespace kansoku;

TEST_CASE("a password verifies against its own hash only") {
  env::SimRandom random(1);
  auto hash = net::hash_password("correct horse", random);
  REQUIRE(hash.has_value());
  CHECK(net::verify_password("correct horse", *hash));
  CHECK_FALSE(net::verify_password("correct hors", *hash));
  CHECK_FALSE(net::verify_password("correct horse", ""));
  CHECK(*hash != *net::hash_password("correct horse", random));
}

TEST_CASE("a sealed secret opens with its key and context only") {
  env::SimRandom random(1);
  env::SimFileSystem files;
  files.create_directories("/d");
  auto box = net::SecretBox::open(files, random, "/d/master.key");
  REQUIRE(box.has_value());
  std::string sealed = box->seal("wJalrXUtnFEMI", "AKIA1", random);
  CHECK(sealed.find("wJalr") == std::string::npos);
  CHECK(*net::SecretBox::open(files, random, "/d/master.key")->unseal(sealed, "AKIA1") ==
        "wJalrXUtnFEMI");
  CHECK_FALSE(box->unseal(sealed, "AKIA2").has_value());
  sealed[10] = sealed[10] == 'A' ? 'B' : 'A';
  CHECK_FALSE(box->unseal(sealed, "AKIA1").has_value());
  CHECK_FALSE(net::SecretBox::open(files, random, "/d2/master.key").has_value());
}
