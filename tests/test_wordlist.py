from wordlist import PASSWORD_WORDS, WORDS, make_password


def test_each_word_is_ten_bits() -> None:
    assert len(set(WORDS)) == len(WORDS) == 1024


def test_words_are_easy_to_read_out_and_to_type() -> None:
    assert all(word.isascii() and word.isalpha() and word.islower() for word in WORDS)
    assert all(4 <= len(word) <= 7 for word in WORDS)


def test_a_password_is_four_words_chosen_by_chance() -> None:
    chosen = iter([0, 1023, 5, 5])

    password = make_password(lambda count: next(chosen) % count)

    assert password == f"{WORDS[0]}-{WORDS[1023]}-{WORDS[5]}-{WORDS[5]}"
    assert password.count("-") == PASSWORD_WORDS - 1
