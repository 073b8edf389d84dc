// Sketches: reuse is seen through small changes, and ordinary mails resemble nothing.
#include "mail/sketch.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

const std::string kInvitation =
    "Dear Professor, I am a journalist who writes about sanctions and the policy of the peninsula. I have read your "
    "paper "
    "with great interest and would be grateful for your opinion on the coming talks. Could you answer three short "
    "questions "
    "by the end of next week? We would of course pay the usual fee. With best regards from Tokyo.";

TEST(Sketch, ReuseWithSmallChangesIsSeen) {
  std::string changed = kInvitation;
  changed.replace(changed.find("Professor"), 9, "Doctor");
  changed.replace(changed.find("journalist"), 10, "reporter");
  const TextSketch a = sketch_of(kInvitation), b = sketch_of(changed);
  ASSERT_EQ(a.hex.size(), kSketchMinima * kSketchHexDigits);
  EXPECT_EQ(*resemblance(a.hex, a.hex), 1.0);
  EXPECT_GT(*resemblance(a.hex, b.hex), 0.6);
}

TEST(Sketch, OtherTextResemblesNothing) {
  const TextSketch a = sketch_of(kInvitation);
  const TextSketch b = sketch_of(
      "Your parcel is on its way and will arrive on Tuesday between nine and twelve. You can follow it on our page "
      "with the "
      "number below, or ask us to leave it with a neighbour. Thank you for buying from our shop, and see you again "
      "soon.");
  EXPECT_LT(*resemblance(a.hex, b.hex), 0.1);
}

TEST(Sketch, CaseAndPunctuationDoNotMatter) {
  EXPECT_EQ(sketch_of("One two three, four five six. Seven eight nine; ten eleven twelve").hex,
            sketch_of("ONE TWO THREE four five six SEVEN -- eight nine ten eleven twelve!").hex);
}

TEST(Sketch, ShortTextHasNone) {
  EXPECT_TRUE(sketch_of("Thanks, see you then").hex.empty());
  EXPECT_TRUE(sketch_of("").hex.empty());
  EXPECT_FALSE(resemblance("", sketch_of(kInvitation).hex));
  EXPECT_FALSE(resemblance("xyz", "xyz"));
}

TEST(Sketch, TextWithoutSpacesIsTakenByCharacters) {
  EXPECT_FALSE(sketch_of("先生のご意見を伺いたく、ご連絡いたしました。").hex.empty());
  const TextSketch korean = sketch_of(
      "안녕하세요 저는 도쿄에 사는 기자이며 한반도 정책과 제재에 관한 글을 쓰고 있습니다 선생님의 의견을 듣고 "
      "싶습니다");
  EXPECT_FALSE(korean.hex.empty());
}

TEST(Sketch, QuotesAndSignaturesAreNotTheAuthors) {
  EXPECT_EQ(authored_text("Yes.\r\n> did you read it?\r\n> Jane\r\nBest\r\n"), "Yes.\r\nBest\r\n");
  EXPECT_EQ(authored_text("Fine.\n\nOn Mon, 3 May 2024, Jane Roe wrote:\n> hello\n> there\n"), "Fine.\n\n");
  EXPECT_EQ(authored_text("Fine.\n-- \nJane Roe\nInstitute\n"), "Fine.\n");
  EXPECT_EQ(authored_text("Fine.\n-----Original Message-----\nFrom: x\n"), "Fine.\n");
  EXPECT_EQ(authored_text("She wrote:\nthat it is so\n"), "She wrote:\nthat it is so\n");
  EXPECT_EQ(authored_text(""), "");
}

// Only the text's own bytes may decide: the constants are in stored rows.
TEST(Sketch, IsTheSameForGood) {
  EXPECT_EQ(sketch_of("one two three four five six seven eight nine ten eleven twelve").hex.substr(0, 32),
            "17da79551327ac881b760f820c984d6f");
}

}  // namespace
}  // namespace rw
