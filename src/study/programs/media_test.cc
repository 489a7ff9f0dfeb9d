// The tasks of pictures and sound: what their scripts make can be asked and judged, and each special
// program does its task, where it is installed.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <set>

#include "core/file_tree.h"
#include "physics/synth/made_up.h"
#include "study/checker.h"
#include "study/prompts.h"

namespace joulebook {
namespace {

namespace fs = std::filesystem;

const std::string kTasks = JOULEBOOK_TASKS;

std::string fresh(const std::string& name) {
  const std::string path = testing::TempDir() + "/media_" + name;
  fs::remove_all(path);
  return path;
}

struct Told {
  std::string text;
  int code = -1;
};

// A line of the shell; what it fails with stays on our standard error.
Told shell(const std::string& line) {
  Told told;
  std::FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return told;
  std::array<char, 4096> buffer{};
  std::size_t n = 0;
  while ((n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) told.text.append(buffer.data(), n);
  told.code = pclose(pipe);
  return told;
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) c == '\'' ? out += "'\\''" : out += c;
  return out + "'";
}

bool have(const std::string& program) { return shell("command -v " + program).code == 0; }

// Items whose answer is right, of those that `ask` is given; each has to end well.
int right(const std::vector<Prompt>& items, const std::function<std::string(const Prompt&)>& ask) {
  int sum = 0;
  for (const auto& item : items) {
    const Told told = shell(ask(item));
    EXPECT_EQ(told.code, 0) << item.id;
    if (check(item.checker, told.text).value_or(false)) ++sum;
  }
  return sum;
}

TEST(PictureText, IsRenderedAlikeTwiceAndRead) {
  if (!have("rsvg-convert")) GTEST_SKIP() << "librsvg2-bin is not installed";
  const std::string folder = fresh("pictures"), again = fresh("again");
  for (const auto& to : {folder, again}) {
    ASSERT_EQ(shell("sh " + kTasks + "/picture-text/render.sh " + to).code, 0);
  }
  const auto items = load_prompts(folder + "/items.jsonl");
  ASSERT_TRUE(items) << items.error().message;
  ASSERT_EQ(items->size(), 12U);
  for (const auto& item : *items) {
    const auto name = fs::path(*item.file).filename();
    EXPECT_EQ(*read_file(*item.file), *read_file((fs::path(again) / name).string())) << item.id;
    EXPECT_TRUE(*check(item.checker, item.checker.expected + " \f"));
    EXPECT_FALSE(*check(item.checker, "a line that is something else"));
  }
  if (!have("tesseract")) GTEST_SKIP() << "tesseract-ocr is not installed";
  const int read = right(*items, [](const Prompt& item) {
    return "OMP_THREAD_LIMIT=1 tesseract " + quoted(*item.file) + " - 2>/dev/null";
  });
  EXPECT_GE(read, 8);
}

TEST(Speech, ItsPassagesAreHeardByPocketsphinx) {
  const std::string data = "/usr/share/pocketsphinx/test/data";
  const std::string folder = fresh("speech");
  EXPECT_NE(shell("sh " + kTasks + "/speech/passages.sh " + folder + " /nowhere 2>&1").code, 0);
  if (!fs::exists(data)) GTEST_SKIP() << "pocketsphinx-testdata is not installed";
  ASSERT_EQ(shell("sh " + kTasks + "/speech/passages.sh " + folder).code, 0);
  auto items = load_prompts(folder + "/items.jsonl");
  ASSERT_TRUE(items) << items.error().message;
  ASSERT_EQ(items->size(), 10U);
  for (const auto& item : *items) EXPECT_TRUE(*check(item.checker, item.checker.expected)) << item.id;
  if (!have("pocketsphinx_continuous")) GTEST_SKIP() << "pocketsphinx is not installed";
  std::erase_if(*items, [](const Prompt& item) { return item.id != "cards-002"; });
  const int heard = right(*items, [](const Prompt& item) {
    return "pocketsphinx_continuous -infile " + quoted(*item.file) + " -logfn /dev/null";
  });
  EXPECT_EQ(heard, 1);
}

TEST(Voice, SoundsAreAsLongAsTheirTexts) {
  const auto items = load_prompts(kTasks + "/voice/items.jsonl");
  ASSERT_TRUE(items) << items.error().message;
  const std::string script = "sh " + kTasks + "/voice/speak.sh ", folder = fresh("voice");
  EXPECT_NE(shell(script + "nobody " + folder + " text 2>&1").code, 0);
  if (!have("espeak-ng")) GTEST_SKIP() << "espeak-ng is not installed";
  const int spoken = right(*items, [&](const Prompt& item) {
    return script + "espeak " + folder + " " + quoted(item.text);
  });
  EXPECT_EQ(spoken, 6);
  EXPECT_TRUE(fs::is_empty(folder));
  EXPECT_FALSE(*check(items->front().checker, "0.00"));
}

TEST(Image, IsDrawnInItsSize) {
  const auto items = load_prompts(kTasks + "/image/items.jsonl");
  ASSERT_TRUE(items) << items.error().message;
  if (!have("rsvg-convert")) GTEST_SKIP() << "librsvg2-bin is not installed";
  const std::string folder = fresh("image");
  const int drawn = right(*items, [&](const Prompt& item) {
    return "sh " + kTasks + "/image/draw.sh " + folder + " " + quoted(*item.file);
  });
  EXPECT_EQ(drawn, 3);
}

// Random weights, read by the programs that they are for.
#ifdef JOULEBOOK_ENGINE_SITE
const std::string kSite = JOULEBOOK_ENGINE_SITE;

std::string made(const std::string& shape) {
  const std::string path = testing::TempDir() + "/media_" + shape + ".bin";
  const auto file = synth::make_up(*synth::find_made_up(shape), {});
  EXPECT_TRUE(synth::write_weights(*file, 1, path)) << path;
  return path;
}

// "Yes" is 3 characters: 3 frames of 0.08 s. Numbers that aren't finite would be clamped to one value.
TEST(RandomWeights, PocketTtsSpeaksForAsLongAsItIsTold) {
  if (!fs::exists(kSite + "/bin/llama-tts")) GTEST_SKIP() << "llama-tts is not built";
  const std::string sound = fresh("yes.wav");
  const auto told = shell("LD_LIBRARY_PATH=" + kSite + "/lib " + kSite + "/bin/llama-tts --model " +
                          made("pocket-tts") + " --mmproj " + made("pocket-tts-mmproj") +
                          " --prompt Yes --predict 3 --output " + sound + " 2>&1");
  ASSERT_EQ(told.code, 0) << told.text;
  const std::string bytes = *read_file(sound);
  ASSERT_EQ(bytes.size(), 44 + 2 * 3 * 1920U);
  const std::set<std::string> samples = [&] {
    std::set<std::string> out;
    for (std::size_t i = 44; i < bytes.size(); i += 2) out.insert(bytes.substr(i, 2));
    return out;
  }();
  EXPECT_GT(samples.size(), 1000U);
}

TEST(RandomWeights, SmolVlmSeesAPicture) {
  if (!fs::exists(kSite + "/bin/llama-mtmd-cli")) GTEST_SKIP() << "llama-mtmd-cli is not built";
  if (!have("rsvg-convert")) GTEST_SKIP() << "librsvg2-bin is not installed";
  const std::string picture = fresh("sign.png");
  ASSERT_EQ(shell("rsvg-convert --output " + picture + " " + kTasks + "/image/sign.svg").code, 0);
  const auto told = shell("LD_LIBRARY_PATH=" + kSite + "/lib " + kSite + "/bin/llama-mtmd-cli --model " +
                          made("SmolVLM-256M") + " --chat-template chatml --mmproj " + made("SmolVLM-256M-mmproj") +
                          " --image " + picture + " --prompt 'What is this?' --predict 8 --temp 0" +
                          " --no-warmup 2>" + picture + ".log");
  EXPECT_EQ(told.code, 0) << *read_file(picture + ".log");
  EXPECT_THAT(told.text, testing::Not(testing::IsEmpty()));
}

// Two gigabytes of weights, so it is made where the image model's program is alone. A picture of numbers that
// aren't finite would be of one colour.
TEST(RandomWeights, StableDiffusionDraws) {
  const std::string python = JOULEBOOK_IMAGE_VENV "/bin/python";
  if (!fs::exists(JOULEBOOK_IMAGE_VENV "/stamp")) GTEST_SKIP() << "stable-diffusion.cpp is not there: scripts/setup image";
  const std::string weights = made("stable-diffusion-v1-5"), picture = fresh("drawn.png");
  const auto told = shell("echo '{\"text\": \"A red ball.\"}' | " + python + " " + kTasks + "/image/diffusion.py " + weights +
                          " 64 64 1 " + picture);
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.text, "ready\n\"64 x 64\"\n");
  const auto colours = shell(python + " -c \"from PIL import Image; print(len(set(Image.open('" + picture + "').getdata())))\"");
  EXPECT_GT(std::stoi(colours.text), 500);
  fs::remove(weights);
}

TEST(RandomWeights, WhisperWritesAsManyTokensAsItIsAllowed) {
  const std::string python = JOULEBOOK_TASKS_VENV "/bin/python";
  const std::string sound = "/usr/share/pocketsphinx/test/data/cards/001.wav";
  if (!fs::exists(JOULEBOOK_TASKS_VENV "/bin/pwcpp")) GTEST_SKIP() << "pywhispercpp is not installed";
  if (!fs::exists(sound)) GTEST_SKIP() << "pocketsphinx-testdata is not installed";
  const auto told = shell("echo '{\"text\": \"\", \"file\": \"" + sound + "\"}' | " + python + " " + kTasks +
                          "/speech/whisper.py " + made("whisper-tiny.en") + " 5 2>/dev/null");
  EXPECT_EQ(told.code, 0);
  EXPECT_TRUE(told.text.starts_with("ready\n")) << told.text;
  EXPECT_EQ(std::ranges::count(told.text, 'w'), 6) << told.text;  // " w123", and one on the way
}
#endif

}  // namespace
}  // namespace joulebook
