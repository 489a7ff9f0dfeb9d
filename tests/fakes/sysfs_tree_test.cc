#include "fakes/sysfs_tree.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace joulebook::fakes {
namespace {

TEST(SysfsTree, UnpacksFilesLinksFoldersAndModes) {
  std::string root;
  {
    SysfsTree tree;
    root = tree.root();
    tree.unpack(
        "# a comment\n\n"
        "/sys/class/powercap/zone/name\tpackage-0\n"
        "/sys/class/powercap/zone/energy_uj\t12\t0400\n"
        "/sys/two\ta\\nb\\tc\\\\d\n"
        "/sys/bare\tno newline\\c\n"
        "/sys/empty\t\\c\n"
        "/sys/alias\t-> two\n"
        "/sys/folder/\n");
    const auto files = tree.files();
    EXPECT_EQ(files->read("/sys/class/powercap/zone/name").value(), "package-0\n");
    EXPECT_EQ(files->read("/sys/alias").value(), "a\nb\tc\\d\n");
    EXPECT_EQ(files->read("/sys/bare").value(), "no newline");
    EXPECT_EQ(files->read("/sys/empty").value(), "");
    EXPECT_TRUE(files->list("/sys/folder").value().empty());
    tree.remove("/sys/two");
    EXPECT_FALSE(files->exists("/sys/alias"));
  }
  EXPECT_FALSE(std::filesystem::exists(root));
}

TEST(SysfsTree, AnOrdinaryUserIsRefusedWhatTheModeWithholds) {
  SysfsTree tree;
  tree.unpack("/a\t1\t0400\n/b\t2\t0444\n/c\t3\n");
  const auto user = tree.as_user();
  EXPECT_EQ(user->read("/a").error().code, "file.permission");
  EXPECT_EQ(user->keep("/a").error().code, "file.permission");
  EXPECT_EQ(user->read("/b").value(), "2\n");
  EXPECT_EQ(user->read("/c").value(), "3\n");
  EXPECT_EQ(tree.files()->read("/a").value(), "1\n");
  tree.link("/alias", "a");
  EXPECT_EQ(user->read("/alias").error().code, "file.permission");
  user->allow("/a");
  EXPECT_EQ(user->read("/a").value(), "1\n");
}

TEST(SysfsTree, BadManifestsStopTheTest) {
  SysfsTree tree;
  EXPECT_DEATH(tree.unpack("relative\tx\n"), "no entry");
  EXPECT_DEATH(tree.unpack("/a\n"), "neither folder");
  EXPECT_DEATH(tree.unpack("/a\tx\\q\n"), "unknown escape");
  EXPECT_DEATH(tree.unpack("/a\tx\t09\n"), "not a mode");
  EXPECT_DEATH(SysfsTree("cpu/no-such-machine"), "no such machine");
}

}  // namespace
}  // namespace joulebook::fakes
