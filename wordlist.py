"""Words that passwords are made of: easy to read out, in Indonesian or English, easy to type.

Band: words. Exactly 1,024, so each word is ten bits; four of them withstand a guesser who gets one
try a second (and CPace allows no faster one) for 17,000 years on average.
"""

from collections.abc import Callable
from typing import Final

_TEXT: Final = """
abadi abang acara adat adik ajak akar akhir akrab alam alas alat alis alun amal ambil ampuh anak
anggur angin angka angsa antar apel apung arah arang asah asal asam asap asin asri asuh atap
atas aula awal awan ayah ayam badai badge bagel bagus bahan bahasa baja baju bakau baker bakti
balai balok balon bamboo bambu banana bangau bangsa banner bantal banyak barat baris barn basah
basil basket batang batik batu bawang bayam bead beam bean bear beaver bebas bebek becak bekal
belah belas beli benang benar bening benua beras berry besar besi besok betah biasa bibit bidang
bijak biji bike biola bird biru bisik blue boat bocah bolak bonus book boot bottle brain branch
brave bread bridge bright brook broom brush buah buaya bubur bugar bujur buka bukit buku bulat
bulir bumbu bumi bundar buruh burung busur butir butter button cabang cabin cable cadar cahaya
cair cakar cake camel camera camp canal canda candi cangkir canoe cantik canvas canyon capung
cara card carrot castle catat catur cedar celana cello cepat cerah cerdas cerita cetak chalk
charm cheese cherry chess cicak cinta circle ciri citrus city clay clear clever cliff clock
cloud club coach coast coat cocok coin coklat colek color comet compass contoh cook corak coral
corn cotton couch cover crab craft crane cream crisp crown cube cuci cukup curah curry cycle
dagang dahan dahulu daisy damai danau dance dansa darat dasar dasi datang daun dawai daya debat
debu deck deer delapan delima denah dendang derap deras desa desk detik dialog diam didik
dinding dingin dinner dish dokter dolphin dompet dongeng door dorong dove dragon drama dream
drift drum duck dukung dune dunia durian duta early earth east easy echo ekor elbow elok emas
ember embun empat enam encer energi engine enjoy erat esok evening exact extra fabric falcon
famili fancy farm fasih fast feast fence fern ferry field film finger fire first fish five flame
flash fleet float flour flower flute fokus forest fork four frame fresh friend frost fruit
future gabung gading gagah gajah gala galaxy galon gambar gambir gambus ganjil gapura garam
garden garis garuda gate gaun gaya gedung geladak gelang gema gemar gembira genap gentle gerak
gerbang gerimis getah giant gigi giling ginger gitar gizi glad glass globe glove goat golden
golok good gotong grain grape gratis gravel green grid group grove gudang guide guitar gula
guling gulma guntur gunung gurami gurun habis hadap hadiah hafal hakim halaman halus hammer
hangat happy harap hari harimau harp harum harvest hati hawk hazel heart hebat hemat hening herb
hero hidup hijau hiker hikmah hilir hill hirup hitung hobi honest honey hood hope hormat horse
hotel hulu humble hundred huruf hutan icon idea idola ijuk iklan ikut ilmu imbang inch indah
indigo induk ingat ingin inti irama iring iron island istana itik ivory jade jaguar jagung jahe
jahit jajan jaket jalan jambu jamu jamur jarak jari jarum jasa jati jauh jawab jaya jejak jelly
jemur jenaka jendela jeruk jewel jinak judge juice jujur jumlah jump jumpa jungle jurus juta
kabar kabel kabut kaca kakap kaki kaku kalah kalung kamar kambing kampung kamus kancil kapal
kapas kapur karet kartu karya kasih kata katak kawan kayu kebun kecil kedai kejar kejora kelas
keluar kemah kembang kemiri kencur kendi kening kental keping kera kerang keras kereta keris
kerja kertas ketan ketuk kijang kilat kincir kipas kiri kisah kita klinik kolak kolam kopi koran
kosong kotak kuah kuali kuas kubis kucing kuda kuku kulit kumpul kunci kuning kupas kura kurma
kursi labu lacak laga lagu lahan lahir laju lakon laku lama lambai lampu lancar langit langkah
lapis laras lari latih lawan lawar layak layan layar lebar lebat lega lekas lemari lembah lembut
lempar lengan lentur lepas lereng lesung lewat lezat lidah lidi lihat lima limau lincah lingkar
lipat liput liris lobak logam lomba loncat lonceng lontar luar luas lucu lukis lulus lumbung
lumpur lunak lurus lutut madu magang mahir main makan makna malam mangga manggis manik manis
mantap maret marmer masak masuk mata mawar mayang medan megah meja melati melon menang mendung
mentari merah merak merdu mesin mesra mewah mimpi minggu minyak mirip mobil modal molek muda
mudah mudik mula mulut muncul murah murai murni musik musim mutiara nada nagari naik nalar nama
nanti nasi naung nelayan niaga nilai nira nomor novel nyala nyaman nyanyi nyata nyiur obor olah
ombak omong ondel ongkos orang otak otot padang padi pagar pagi pahat pajak pakai pakar paket
palem palu pamit panah pancing pandai pandan pandu panen pantai pantun papan paras paruh pasang
pasar pasir pasti patuh patung paus payung pelangi pelita peluk pemuda pena pencak pendek pensil
penuh pepaya perahu perak peras permata persik pesan pesawat pesisir pesta petak petang petir
pijar pikir pilar pilih pinang pinggir pintar pintu pipa piring pisang pisau pohon pola potong
puas puasa pucuk pujian pukul pulang pulau pulih pundak puntir pupuk puri pusat putar putih
putra putri rabbit radio raft rain ranch range raven reach ready relay rice rider ridge ripe
river road robin robot rocket roof room root rose round route rover ruby ruler sail salad salt
satin sauce scale scarf school scout seal seed seven shape shelf shell shine shirt shore short
silk silver singer size skate sketch sled slice slope slow small smile smoke smooth snack snow
soap soccer soft solar song sonic soup south spark spice spider spin spoon spot spray spring
square stable staff stage stair stamp start steam steel step store storm story stove straw
street string studio sugar summer sunny surf swan swift swim swing table tall tape teal team
tent text theme thick thin third thumb ticket tide tiger timber time tiny title toast token
tomato tone tool torch total touch tower town trade trail train travel treat tree trend tribe
trick trophy truck true trunk tube tulip tuna tunnel turtle twin type uncle under unit upper
urban useful user value vase velvet verb vest video view village violet visit vivid voice
volcano voyage wagon walk wall walnut wash watch water wave week west whale wheat white wide
wild willow wind wing winter wise wolf wood wool word work world woven wrap write yard year
yellow yoga young yummy zero zigzag zinc zone
"""
WORDS: Final = tuple(_TEXT.split())
PASSWORD_WORDS: Final = 4


def make_password(random_below: Callable[[int], int]) -> str:
    """``random_below(n)``: an unpredictable number from 0 to n - 1."""
    return "-".join(WORDS[random_below(len(WORDS))] for _ in range(PASSWORD_WORDS))
