"""Short tables in the encodings of many languages: most are read right; else the note names the right one."""

import random

import pytest

from downslope.fitting.encodings import encoding_of

WORDS = {
    "German": ("cp1252", "Zürich Köln Größe München männlich weiblich Straße"),
    "French": ("cp1252", "Besançon Orléans Genève homme été forêt Nîmes"),
    "Spanish": ("cp1252", "Málaga niño León año Cádiz mujer niña"),
    "Portuguese": ("cp1252", "Brasília não Goiânia Maceió coração ações"),
    "Italian": ("cp1252", "città età Forlì Cefalù sì perché"),
    "Danish": ("cp1252", "København Århus højde mænd Ålborg køn"),
    "Polish": ("cp1250", "Łódź Kraków Gdańsk Poznań mężczyzna Wrocław wiek"),
    "Czech": ("cp1250", "město výška váha muž žena Plzeň Děčín"),
    "Hungarian": ("cp1250", "Győr Pécs férfi nő súly magasság"),
    "Turkish": ("cp1254", "İstanbul İzmir şehir ağırlık erkek kadın Eskişehir"),
    "Lithuanian": ("cp1257", "Šiauliai Panevėžys vyras ūgis Kėdainiai Vilniaus"),
    "Russian": ("cp1251", "Москва Казань город рост вес да нет мужской женский Омск"),
    "Russian, of Unix": ("koi8_r", "Москва Казань город рост вес да нет мужской женский Омск"),
    "Greek": ("cp1253", "Αθήνα Πάτρα πόλη ύψος βάρος ναι όχι γυναίκα"),
    "Hebrew": ("cp1255", "ירושלים חיפה כן לא גובה משקל"),
    "Thai": ("cp874", "กรุงเทพ เชียงใหม่ ชาย หญิง น้ำหนัก ส่วนสูง"),
    "Korean": ("cp949", "서울 부산 대구 인천 키 몸무게 남자 여자 예 아니오"),
    "Japanese": ("cp932", "東京 大阪 名古屋 身長 体重 男 女 はい いいえ コーヒー"),
    "Chinese": ("gb18030", "北京 上海 广州 城市 身高 体重 男 女"),
}
ROWS = (5, 6, 8, 12, 20, 35, 50)
MOST = 5  # of the seven


@pytest.mark.parametrize("language", WORDS)
def test_of_short_tables_most_are_read_right_and_of_the_others_the_note_names_the_right_encoding(language):
    encoding, words = WORDS[language]
    right = 0
    for seed, rows in enumerate(ROWS):
        chance = random.Random(seed)
        text = "name,x,y\n" + "".join(
            f"{chance.choice(words.split())},{chance.randint(1, 99)},{chance.randint(1, 999) / 10}\n"
            for _ in range(rows)
        )
        content = text.encode(encoding)
        found, note = encoding_of(content, True, "t.csv", None)
        if content.decode(found) == text:
            right += 1
        else:
            assert encoding.replace("_", "-").upper() in str(note), (rows, str(note))
    assert right >= MOST


def test_a_note_names_the_encodings_that_it_could_also_be():
    found, note = encoding_of("name,x\nniño,1\naño,2\n".encode("cp1252"), True, "t.csv", None)
    assert found == "cp1252"
    assert "read as CP1252, and could also be CP1250" in str(note)
