// Named characters of HTML: those of HTML 4, and every name of HTML 5 for ASCII, for what is invisible and for general
// punctuation (WHATWG, "Named character references"), which is what disguises are made of.
#include "message/entities.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

namespace rw {
namespace {

// "name code point" in turn. One text, so that no pointers are to be relocated when the program starts.
constexpr std::string_view kNames =
    "AElig 198 AMP 38 Aacute 193 Acirc 194 Agrave 192 Alpha 913 ApplyFunction 8289 Aring 197 Atilde 195 Auml 196 "
    "Beta 914 Ccedil 199 Chi 935 CloseCurlyDoubleQuote 8221 CloseCurlyQuote 8217 Dagger 8225 Delta 916 "
    "DiacriticalGrave 96 ETH 208 Eacute 201 Ecirc 202 Egrave 200 Epsilon 917 Eta 919 Euml 203 GT 62 Gamma 915 "
    "Hat 94 Iacute 205 Icirc 206 Igrave 204 InvisibleComma 8291 InvisibleTimes 8290 Iota 921 Iuml 207 Kappa 922 "
    "LT 60 Lambda 923 MediumSpace 8287 Mu 924 NegativeMediumSpace 8203 NegativeThickSpace 8203 "
    "NegativeThinSpace 8203 NegativeVeryThinSpace 8203 NewLine 10 NoBreak 8288 NonBreakingSpace 160 Ntilde 209 "
    "Nu 925 OElig 338 Oacute 211 Ocirc 212 Ograve 210 Omega 937 Omicron 927 OpenCurlyDoubleQuote 8220 "
    "OpenCurlyQuote 8216 Oslash 216 Otilde 213 Ouml 214 OverBar 8254 Phi 934 Pi 928 Prime 8243 Psi 936 QUOT 34 "
    "Rho 929 Scaron 352 Sigma 931 THORN 222 Tab 9 Tau 932 Theta 920 ThinSpace 8201 Uacute 218 Ucirc 219 "
    "Ugrave 217 UnderBar 95 Upsilon 933 Uuml 220 Verbar 8214 Vert 8214 VerticalLine 124 VeryThinSpace 8202 "
    "Xi 926 Yacute 221 Yuml 376 ZeroWidthSpace 8203 Zeta 918 aacute 225 acirc 226 acute 180 aelig 230 af 8289 "
    "agrave 224 alefsym 8501 alpha 945 amp 38 and 8743 ang 8736 apos 39 aring 229 ast 42 asymp 8776 atilde 227 "
    "auml 228 backprime 8245 bdquo 8222 beta 946 bprime 8245 brvbar 166 bsemi 8271 bsol 92 bull 8226 bullet 8226 "
    "cap 8745 caret 8257 ccedil 231 cedil 184 cent 162 chi 967 circ 710 clubs 9827 colon 58 comma 44 commat 64 "
    "cong 8773 copy 169 crarr 8629 cup 8746 curren 164 dArr 8659 dagger 8224 darr 8595 dash 8208 ddagger 8225 "
    "deg 176 delta 948 diams 9830 divide 247 dollar 36 eacute 233 ecirc 234 egrave 232 empty 8709 emsp 8195 "
    "emsp13 8196 emsp14 8197 ensp 8194 epsilon 949 equals 61 equiv 8801 eta 951 eth 240 euml 235 euro 8364 "
    "excl 33 exist 8707 fnof 402 forall 8704 frac12 189 frac14 188 frac34 190 frasl 8260 gamma 947 ge 8805 "
    "grave 96 gt 62 hArr 8660 hairsp 8202 harr 8596 hearts 9829 hellip 8230 horbar 8213 hybull 8259 hyphen 8208 "
    "iacute 237 ic 8291 icirc 238 iexcl 161 igrave 236 image 8465 infin 8734 int 8747 iota 953 iquest 191 "
    "isin 8712 it 8290 iuml 239 kappa 954 lArr 8656 lambda 955 lang 10216 laquo 171 larr 8592 lbrace 123 "
    "lbrack 91 lceil 8968 lcub 123 ldquo 8220 ldquor 8222 le 8804 lfloor 8970 lowast 8727 lowbar 95 loz 9674 "
    "lpar 40 lrm 8206 lsaquo 8249 lsqb 91 lsquo 8216 lsquor 8218 lt 60 macr 175 mdash 8212 micro 181 midast 42 "
    "middot 183 minus 8722 mldr 8230 mu 956 nabla 8711 nbsp 160 ndash 8211 ne 8800 ni 8715 nldr 8229 not 172 "
    "notin 8713 nsub 8836 ntilde 241 nu 957 num 35 numsp 8199 oacute 243 ocirc 244 oelig 339 ograve 242 "
    "oline 8254 omega 969 omicron 959 oplus 8853 or 8744 ordf 170 ordm 186 oslash 248 otilde 245 otimes 8855 "
    "ouml 246 para 182 part 8706 percnt 37 period 46 permil 8240 perp 8869 pertenk 8241 phi 966 pi 960 piv 982 "
    "plus 43 plusmn 177 pound 163 prime 8242 prod 8719 prop 8733 psi 968 puncsp 8200 qprime 8279 quest 63 "
    "quot 34 rArr 8658 radic 8730 rang 10217 raquo 187 rarr 8594 rbrace 125 rbrack 93 rceil 8969 rcub 125 "
    "rdquo 8221 rdquor 8221 real 8476 reg 174 rfloor 8971 rho 961 rlm 8207 rpar 41 rsaquo 8250 rsqb 93 "
    "rsquo 8217 rsquor 8217 sbquo 8218 scaron 353 sdot 8901 sect 167 semi 59 shy 173 sigma 963 sigmaf 962 "
    "sim 8764 sol 47 spades 9824 sub 8834 sube 8838 sum 8721 sup 8835 sup1 185 sup2 178 sup3 179 supe 8839 "
    "szlig 223 tau 964 there4 8756 theta 952 thetasym 977 thinsp 8201 thorn 254 tilde 732 times 215 tprime 8244 "
    "trade 8482 uArr 8657 uacute 250 uarr 8593 ucirc 251 ugrave 249 uml 168 upsih 978 upsilon 965 uuml 252 "
    "verbar 124 vert 124 weierp 8472 xi 958 yacute 253 yen 165 yuml 255 zeta 950 zwj 8205 zwnj 8204 ";
// These count without a semicolon too.
constexpr std::string_view kLegacy =
    "AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute Icirc "
    "Igrave Iuml LT Ntilde Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc Ugrave Uuml Yacute "
    "aacute acirc acute aelig agrave amp aring atilde auml brvbar ccedil cedil cent copy curren deg divide "
    "eacute ecirc egrave eth euml frac12 frac14 frac34 gt iacute icirc iexcl igrave iquest iuml laquo lt macr "
    "micro middot nbsp not ntilde oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn pound quot raquo "
    "reg sect shy sup1 sup2 sup3 szlig thorn times uacute ucirc ugrave uml uuml yacute yen yuml ";

std::string_view take_word(std::string_view& text) {
  const std::size_t end = text.find(' ');
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end + 1);
  return word;
}

}  // namespace

std::uint32_t named_character(std::string_view name) {
  static const std::unordered_map<std::string_view, std::uint32_t> kAll = [] {
    std::unordered_map<std::string_view, std::uint32_t> all;
    for (std::string_view rest = kNames; !rest.empty();) {
      const std::string_view key = take_word(rest), digits = take_word(rest);
      std::uint32_t value = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), value);
      all.emplace(key, value);
    }
    return all;
  }();
  const auto found = kAll.find(name);
  return found == kAll.end() ? 0 : found->second;
}

std::size_t legacy_name_length(std::string_view text) {
  static const std::unordered_set<std::string_view> kAll = [] {
    std::unordered_set<std::string_view> all;
    for (std::string_view rest = kLegacy; !rest.empty();) all.insert(take_word(rest));
    return all;
  }();
  constexpr std::size_t kLongest = 6;
  for (std::size_t length = std::min(kLongest, text.size()); length >= 2; --length)
    if (kAll.contains(text.substr(0, length))) return length;
  return 0;
}

}  // namespace rw
