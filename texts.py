"""Every sentence a person reads, in English and Indonesian, both complete.

Band: words. Imports the other parts of its table alone. A raw folder must run, so there are no compiled catalogues:
one table of two columns. Keys are dotted by where they are shown; ``{fields}`` are filled in.
"""

import locale
from collections.abc import Mapping
from typing import Final

from texts_client import CLIENT_TEXTS
from texts_commands import COMMAND_TEXTS
from texts_programs import PROGRAM_TEXTS

LANGUAGES: Final = ("en", "id")
LANGUAGE_NAMES: Final = {"en": "English", "id": "Bahasa Indonesia"}


class Texts:
    """The sentences of one language: ``say("join.button")``."""

    def __init__(self, language: str) -> None:
        """``language``: one of LANGUAGES; anything else counts as English."""
        self.language: Final = language if language in LANGUAGES else "en"
        self._column = LANGUAGES.index(self.language)

    def __call__(self, key: str, /, **fields: object) -> str:
        """Raises KeyError for a key or a field that is missing: a defect of ours."""
        return TEXTS[key][self._column].format(**fields)


def system_language(environment: Mapping[str, str]) -> str:
    """What the user's system speaks, of the languages we have."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(variable):
            return _known_language(value)
    return _known_language(locale.getlocale()[0] or "")


def _known_language(name: str) -> str:
    folded = name.casefold()
    is_indonesian = folded in ("id", "in") or folded.startswith(("id_", "id-", "indonesian"))
    return "id" if is_indonesian else "en"


TEXTS: Final[dict[str, tuple[str, str]]] = {
    **PROGRAM_TEXTS,
    **COMMAND_TEXTS,
    **CLIENT_TEXTS,
    # --- server window ---
    "server.title": ("Ruang server", "Server Ruang"),
    "server.stopped": ("Stopped · nobody can join yet", "Berhenti · belum ada yang bisa masuk"),
    "server.starting": ("Starting …", "Sedang dimulai …"),
    "server.stopping": (
        "Stopping · saying goodbye to everyone …",
        "Sedang berhenti · berpamitan kepada semua orang …",
    ),
    "server.running": (
        "Running since {time} · encrypted · {people}",
        "Berjalan sejak {time} · terenkripsi · {people}",
    ),
    "server.one_person": ("1 person", "1 orang"),
    "server.people": ("{count} people", "{count} orang"),
    "server.crashed": (
        "The server stopped by itself: {reason} Start it again; server.log in the folder below "
        "says more.",
        "Server berhenti sendiri: {reason} Mulai lagi; server.log di folder di bawah memuat "
        "keterangan lengkap.",
    ),
    "server.start": ("Start server", "Mulai server"),
    "server.stop": ("Stop server", "Hentikan server"),
    "server.room_name": ("Room name", "Nama ruang"),
    "server.ip": ("IP address", "Alamat IP"),
    "server.every_network": ("(every network)", "(semua jaringan)"),
    "server.port": ("Port", "Port"),
    "server.password": ("Password", "Kata sandi"),
    "server.show": ("Show", "Lihat"),
    "server.hide": ("Hide", "Tutup"),
    "server.open_to_all": (
        "Let everyone in without a password",
        "Izinkan semua orang masuk tanpa kata sandi",
    ),
    "server.error.room_name_empty": (
        "Give the room a name, for example Lab Jaringan.",
        "Beri nama ruang ini, misalnya Lab Jaringan.",
    ),
    "server.error.room_name_long": (
        "This name is too long. Choose one of at most 64 letters.",
        "Nama ini terlalu panjang. Pilih yang paling banyak 64 huruf.",
    ),
    "server.error.room_name_characters": (
        "This name holds an invisible character. Type it again by hand.",
        "Nama ini memuat karakter yang tidak terlihat. Ketik ulang dengan tangan.",
    ),
    "server.error.ip_invalid": (
        "This is not an IP address. Write 0.0.0.0 to use every network.",
        "Ini bukan alamat IP. Tulis 0.0.0.0 untuk memakai semua jaringan.",
    ),
    "server.error.ip_elsewhere": (
        "{ip} is not an address of this computer. Write 0.0.0.0 to use every network.",
        "{ip} bukan alamat komputer ini. Tulis 0.0.0.0 untuk memakai semua jaringan.",
    ),
    "server.error.port_number": (
        "The port is a number. Write 8083 if you have no other wish.",
        "Port berupa angka. Tulis 8083 jika tidak ada keinginan lain.",
    ),
    "server.error.port_range": (
        "Choose a port from 1 to 65535, for example 8083.",
        "Pilih port dari 1 sampai 65535, misalnya 8083.",
    ),
    "server.error.port_taken": (
        "Port {port} is taken by another program, perhaps a second server. Stop that one or "
        "choose another port.",
        "Port {port} sedang dipakai program lain, mungkin server kedua. Hentikan program itu atau "
        "pilih port lain.",
    ),
    "server.error.port_forbidden": (
        "This computer does not let you use port {port}. Choose one from 1024 upwards, for "
        "example 8083.",
        "Komputer ini tidak mengizinkan port {port}. Pilih port mulai dari 1024, misalnya 8083.",
    ),
    "server.error.bind": (
        "This address cannot be used: {reason}. Write 0.0.0.0 to use every network.",
        "Alamat ini tidak bisa dipakai: {reason}. Tulis 0.0.0.0 untuk memakai semua jaringan.",
    ),
    "server.error.password_empty": (
        "Without a password everyone on the network can enter and read. Type one, or tick the box "
        "below.",
        "Tanpa kata sandi, semua orang di jaringan bisa masuk dan membaca. Ketik kata sandi, atau "
        "centang kotak di bawah.",
    ),
    "server.error.password_spaces": (
        "The password begins or ends with a space, which people will not type. Take it away.",
        "Kata sandi diawali atau diakhiri spasi yang tidak akan diketik orang. Hapus spasi itu.",
    ),
    "server.error.folder_in_use": (
        "Another server is already using {folder}. Stop it, or start this one with another "
        "folder: --data FOLDER",
        "Server lain sedang memakai {folder}. Hentikan server itu, atau jalankan yang ini dengan "
        "folder lain: --data FOLDER",
    ),
    "server.error.folder": (
        "The folder {folder} cannot be used: {reason}. Check that you may write there and that "
        "the disk is not full.",
        "Folder {folder} tidak bisa dipakai: {reason}. Pastikan Anda boleh menulis di sana dan "
        "disk tidak penuh.",
    ),
    "server.join_with": ("Tell people to join with", "Beri tahu orang cara masuk"),
    "server.join_stopped": (
        "Press Start. Then the address and the key to read out appear here.",
        "Tekan Mulai. Alamat dan kunci untuk dibacakan akan muncul di sini.",
    ),
    "server.only_here": (
        "Only programs on this computer can reach this address.",
        "Hanya program di komputer ini yang bisa mencapai alamat ini.",
    ),
    "server.key": ("Key", "Kunci"),
    "server.other_addresses": ("Other addresses", "Alamat lain"),
    "server.copy_invitation": ("Copy invitation", "Salin undangan"),
    "server.copy_with_password": ("with password", "dengan kata sandi"),
    "server.copied": ("Copied", "Tersalin"),
    "server.invite_head": (
        "You are invited to the room “{room}” on Ruang.",
        "Anda diundang ke ruang “{room}” di Ruang.",
    ),
    "server.invite_address": ("Server address: {address}", "Alamat server: {address}"),
    "server.invite_port": ("Port: {port}", "Port: {port}"),
    "server.invite_key": (
        "Key, to compare when you join: {groups}",
        "Kunci, untuk dicocokkan saat masuk: {groups}",
    ),
    "server.invite_ask": ("Ask me for the password.", "Tanyakan kata sandinya kepada saya."),
    "server.invite_password": ("Password: {password}", "Kata sandi: {password}"),
    "server.invite_open": ("No password is needed.", "Tidak perlu kata sandi."),
    "server.chart": ("Messages per second", "Pesan per detik"),
    "server.chart_caption": ("{now} now · {peak} peak", "{now} sekarang · {peak} tertinggi"),
    "server.chart_empty": (
        "The last five minutes will appear here.",
        "Lima menit terakhir akan tampil di sini.",
    ),
    "server.column.person": ("Person", "Orang"),
    "server.column.address": ("Address", "Alamat"),
    "server.column.round_trip": ("Round trip", "Pulang pergi"),
    "server.column.loss": ("Loss", "Hilang"),
    "server.column.since": ("Since", "Sejak"),
    "server.nobody": ("Nobody is here yet.", "Belum ada orang di sini."),
    "server.person_muted": ("{name} (muted)", "{name} (dibisukan)"),
    "server.person_away": ("{name} (away)", "{name} (pergi)"),
    "server.decimal_mark": (".", ","),
    "server.menu.mute": ("Mute", "Bisukan"),
    "server.menu.unmute": ("Let speak again", "Izinkan bicara lagi"),
    "server.menu.kick": ("Kick (may come back)", "Keluarkan (boleh kembali)"),
    "server.menu.reset": ("Reset password …", "Setel ulang kata sandi …"),
    "server.menu.ban": ("Ban …", "Larang masuk …"),
    "server.for_10_minutes": ("10 minutes", "10 menit"),
    "server.for_1_hour": ("1 hour", "1 jam"),
    "server.for_1_day": ("1 day", "1 hari"),
    "server.until_undone": ("Until undone", "Sampai dicabut"),
    "server.for_good": ("For good", "Selamanya"),
    "server.ban_title": ("Ban {name}", "Larang {name} masuk"),
    "server.ban_explain": (
        "{name} leaves the room now and cannot come back for",
        "{name} keluar dari ruang sekarang dan tidak bisa kembali selama",
    ),
    "server.ban_address": (
        "Also this computer's address ({host})",
        "Juga alamat komputer ini ({host})",
    ),
    "server.ban_address_hint": (
        "Other people who share the address are kept out too.",
        "Orang lain yang memakai alamat yang sama ikut dilarang masuk.",
    ),
    "server.ban_do": ("Ban", "Larang masuk"),
    "server.reset_title": ("Reset the password of {name}", "Setel ulang kata sandi {name}"),
    "server.reset_explain": (
        "The old password stops working. You get a one-time password to hand over, good for "
        "24 hours; {name} then sets a new one.",
        "Kata sandi lama tidak berlaku lagi. Anda mendapat kata sandi sekali pakai untuk "
        "diberikan, berlaku 24 jam; lalu {name} membuat yang baru.",
    ),
    "server.reset_do": ("Reset password", "Setel ulang"),
    "server.reset_code": (
        "One-time password of {name}, good for 24 hours:",
        "Kata sandi sekali pakai {name}, berlaku 24 jam:",
    ),
    "server.reset_failed": (
        "The password was not reset: {name} has no account, or the disk is full.",
        "Kata sandi tidak disetel ulang: {name} tidak punya akun, atau disk penuh.",
    ),
    "server.cancel": ("Cancel", "Batal"),
    "server.close": ("Close", "Tutup"),
    "server.undo": ("Undo", "Cabut"),
    "server.one_ban": ("1 ban", "1 larangan"),
    "server.bans": ("{count} bans", "{count} larangan"),
    "server.bans_title": ("Bans and mutes", "Larangan yang berlaku"),
    "server.bans_empty": (
        "Nobody is kept out or muted.",
        "Tidak ada orang yang dilarang atau dibisukan.",
    ),
    "server.ban_until": (
        "{name} is kept out until {until}",
        "{name} dilarang masuk sampai {until}",
    ),
    "server.ban_for_good": ("{name} is kept out for good", "{name} dilarang masuk selamanya"),
    "server.mute_until": ("{name} is muted until {until}", "{name} dibisukan sampai {until}"),
    "server.mute_for_good": (
        "{name} is muted until you undo it",
        "{name} dibisukan sampai Anda mencabutnya",
    ),
    "server.files": ("Files", "File"),
    "server.files_show": ("Show", "Lihat"),
    "server.files_used": ("{used} of {limit}", "{used} dari {limit}"),
    "server.files_used_by": (
        "{count} files, {used} of {limit}",
        "{count} file, {used} dari {limit}",
    ),
    "server.files_used_by_one": ("1 file, {used} of {limit}", "1 file, {used} dari {limit}"),
    "server.files_free": ("{free} free on the disk", "Sisa di disk {free}"),
    "server.files_largest": ("one file: {largest} at most", "satu file: paling besar {largest}"),
    "server.files_waiting": (
        "{size} of it are unfinished files that nobody is sending now. They make room by "
        "themselves.",
        "{size} di antaranya file belum lengkap yang sedang tidak dikirim. File itu memberi tempat "
        "dengan sendirinya.",
    ),
    "server.files_disk_full": (
        "The disk is nearly full: new files are refused until {reserve} of it are free.",
        "Disk hampir penuh: file baru ditolak sampai ada sisa {reserve}.",
    ),
    "server.files_full": (
        "Hardly any space is left for files: larger ones are refused until some are removed.",
        "Tempat untuk file hampir habis: file yang lebih besar ditolak sampai ada yang dihapus.",
    ),
    "server.files_hardly": ("Hardly any space left", "Tempat hampir habis"),
    "server.files_stopped": (
        "Shown while the server runs.",
        "Tampil selama server berjalan.",
    ),
    "server.files_empty": (
        "Nobody has sent a file yet. Files that people share appear here.",
        "Belum ada yang mengirim file. File yang dibagikan orang tampil di sini.",
    ),
    "server.files_newest": (
        "The newest {shown} of {count} files",
        "{shown} file terbaru dari {count}",
    ),
    "server.file_coming": ("{here} of {size}", "{here} dari {size}"),
    "server.file_checking": ("{size}, being checked", "{size}, sedang diperiksa"),
    "server.file_from": ("from {name}", "dari {name}"),
    "server.file_from_realm": ("from realm {name}", "dari realm {name}"),
    "server.file_in_room": ("room", "ruang"),
    "server.file_in_private": ("private chat", "percakapan pribadi"),
    "server.file_nowhere": ("not shared", "tidak dibagikan"),
    "server.file_nameless": ("File without a name", "File tanpa nama"),
    "server.file_remove": ("Remove …", "Hapus …"),
    "server.remove_title": ("Remove this file?", "Hapus file ini?"),
    "server.remove_explain": (
        "It leaves the server's disk and nobody can fetch it any more. Its messages stay, wherever "
        "it was shared, and say that the operator removed it. Who has fetched it already keeps it.",
        "File ini hilang dari disk server dan tidak bisa diambil lagi. Pesannya tetap ada di mana "
        "pun dibagikan, dengan keterangan bahwa operator menghapusnya. Yang sudah mengambil tetap "
        "memilikinya.",
    ),
    "server.remove_do": ("Remove", "Hapus"),
    "server.realms": ("Realms", "Realm"),
    "server.realms_title": ("Other realms", "Realm lain"),
    "server.realms_add": ("Add …", "Tambah …"),
    "server.realms_off": ("off", "dimatikan"),
    "server.realms_all": ("{count} linked", "{count} tersambung"),
    "server.realms_some": ("{linked} of {count} linked", "{linked}/{count} tersambung"),
    "server.realms_empty": (
        "No realm is linked yet. A realm is another Ruang server: once the two are linked, people "
        "of both can write to each other, as name@realm.",
        "Belum ada realm yang tersambung. Realm adalah server Ruang lain: setelah keduanya "
        "tersambung, orang di keduanya bisa saling menulis, sebagai nama@realm.",
    ),
    "server.realms_by_all": (
        "Everybody in this room may add realms",
        "Semua orang di ruang ini boleh menambah realm",
    ),
    "server.realms_are_off": (
        "Links are switched off: the server was started with --realms off.",
        "Sambungan dimatikan: server dimulai dengan --realms off.",
    ),
    "server.realm_figures": ("{trip} · {loss} lost", "{trip} · hilang {loss}"),
    "server.realm_calls_us": ("it calls us", "memanggil kita"),
    "server.realm_since": ("linked since {time}", "tersambung sejak {time}"),
    "server.realm_away_since": ("away since {time}", "tidak terjangkau sejak {time}"),
    "server.realm_silent": ("does not answer", "tidak menjawab"),
    "server.realm_is_cut": ("cut off", "diputus"),
    "server.realm_other_key": (
        "somebody with another key answers there",
        "yang menjawab memakai kunci lain",
    ),
    "server.realm_other_password": (
        "refuses our password: remove it, then add it with the new one",
        "menolak kata sandi kita: hapus, lalu tambahkan dengan yang baru",
    ),
    "server.realm_refuses": ("refuses the link", "menolak sambungan"),
    "server.realm_one_waits": ("1 message waits for it", "1 pesan menunggu"),
    "server.realm_waiting": ("{count} messages wait for it", "{count} pesan menunggu"),
    "server.realm_added_by": ("added by {name}", "ditambahkan oleh {name}"),
    "server.realm_add": ("Add realm …", "Tambah realm …"),
    "server.realm_cut": ("Cut off (can be undone)", "Putuskan (bisa dipulihkan)"),
    "server.realm_restore": ("Link again", "Sambungkan lagi"),
    "server.realm_add_title": ("Add a realm", "Tambah realm"),
    "server.realm_add_explain": (
        "Ask whoever runs the other server for its address, port and password. Without a password, "
        "that of this room is tried; without a name, it is called like its room.",
        "Tanyakan alamat, port, dan kata sandi kepada pengelola server itu. Tanpa kata sandi, kata "
        "sandi ruang ini yang dicoba; tanpa nama, namanya seperti ruangnya.",
    ),
    "server.realm_name": ("Name here", "Nama di sini"),
    "server.realm_add_do": ("Add realm", "Tambah realm"),
    "server.realm_adding": ("Calling …", "Memanggil …"),
    "server.realm_error.name": (
        "At most 20 letters, digits, - and _, or nothing.",
        "Paling banyak 20 huruf, angka, - dan _, atau kosongkan.",
    ),
    "server.realm_error.name_taken": (
        "There is a realm {name} here already, or was.",
        "Realm {name} sudah ada di sini, atau pernah ada.",
    ),
    "server.realm_error.exists": (
        "That server is linked already, as {name}.",
        "Server itu sudah tersambung, sebagai {name}.",
    ),
    "server.realm_error.address": (
        "An IP address is needed here, such as 10.4.0.9.",
        "Di sini perlu alamat IP, misalnya 10.4.0.9.",
    ),
    "server.realm_error.self": ("That is this server itself.", "Itu server ini sendiri."),
    "server.realm_error.unreachable": (
        "No Ruang server answers there. Does it run, and are address and port right?",
        "Tidak ada server Ruang yang menjawab. Apakah berjalan, dan benar alamat dan portnya?",
    ),
    "server.realm_error.password": (
        "This is not the password of that server's room.",
        "Ini bukan kata sandi ruang server itu.",
    ),
    "server.realm_error.password_needed": (
        "That server has another password than this room: it is needed here.",
        "Kata sandi server itu lain dari kata sandi ruang ini: isi di sini.",
    ),
    "server.realm_error.guesses": (
        "Too many tries. Wait a minute, then try again.",
        "Terlalu banyak percobaan. Tunggu satu menit, lalu coba lagi.",
    ),
    "server.realm_error.not_allowed": (
        "That server makes no links, or has cut this one off.",
        "Server itu tidak menerima sambungan, atau memutus yang ini.",
    ),
    "server.realm_error.full": (
        "There are as many realms as there may be, here or there.",
        "Jumlah realm sudah penuh, di sini atau di sana.",
    ),
    "server.realm_drop_title": ("Remove realm {name}?", "Hapus realm {name}?"),
    "server.realm_drop_explain": (
        "The two rooms can no longer write to each other. What was said stays; what still waits "
        "for {name} is not delivered unless you add it again.",
        "Kedua ruang tidak bisa saling menulis lagi. Yang sudah dikatakan tetap ada; yang masih "
        "menunggu untuk {name} tidak dikirim, kecuali Anda menambahkannya lagi.",
    ),
    "server.realm_drop_hint": (
        "If that server calls with the password of this room, it is a realm again. To keep it out, "
        "cut it off instead.",
        "Jika server itu memanggil dengan kata sandi ruang ini, ia menjadi realm lagi. Agar tetap "
        "di luar, putuskan saja.",
    ),
    "server.quit_title": ("Stop the server?", "Hentikan server?"),
    "server.quit_question": (
        "{people} in the room now. They will be disconnected and come back by themselves when the "
        "server starts again.",
        "Ada {people} di ruang ini. Sambungan mereka terputus dan tersambung lagi sendiri saat "
        "server dimulai kembali.",
    ),
    "server.quit_do": ("Stop and close", "Hentikan dan tutup"),
    "server.history": ("History", "Riwayat"),
    "server.copy_path": ("Copy path", "Salin lokasi"),
    "server.open_folder": ("Open folder", "Buka folder"),
    "server.copy": ("Copy", "Salin"),
    "server.select_all": ("Select all", "Pilih semua"),
    "server.dark": ("Dark", "Gelap"),
    "server.light": ("Light", "Terang"),
    "server.log.started": (
        "server started: {room}; messages in the history: {count}",
        "server dimulai: {room}; pesan dalam riwayat: {count}",
    ),
    "server.log.joined": ("{name} joined from {address}", "{name} masuk dari {address}"),
    "server.log.returned": ("{name} is back, from {address}", "{name} kembali, dari {address}"),
    "server.log.left": ("{name} left", "{name} keluar"),
    "server.log.gone": (
        "{name} is gone: no sign for two minutes",
        "{name} hilang: dua menit tanpa tanda",
    ),
    "server.log.wrong_password": (
        "wrong password from {host} ({count} of {free} before a pause)",
        "kata sandi salah dari {host} ({count} dari {free} sebelum jeda)",
    ),
    "server.log.wrong_password_wait": (
        "wrong password from {host} ({count} so far; it must wait before the next try)",
        "kata sandi salah dari {host} (sudah {count} kali; harus menunggu sebelum mencoba lagi)",
    ),
    "server.log.kicked": ("{name} was kicked", "{name} dikeluarkan"),
    "server.log.banned": ("{name} was banned", "{name} dilarang masuk"),
    "server.log.unbanned": ("{name} may come in again", "{name} boleh masuk lagi"),
    "server.log.muted": ("{name} was muted", "{name} dibisukan"),
    "server.log.unmuted": ("{name} may speak again", "{name} boleh bicara lagi"),
    "server.log.renamed": ("{name} is now {text}", "{name} sekarang bernama {text}"),
    "server.log.registered": (
        "{name} was registered from {address}",
        "{name} didaftarkan dari {address}",
    ),
    "server.log.wrong_login": (
        "{address} gave a wrong name or password for an account",
        "{address} memberi nama atau kata sandi akun yang salah",
    ),
    "server.log.password_reset": (
        "the password of {name} was reset",
        "kata sandi {name} disetel ulang",
    ),
    "server.log.file_sent": ("{name} sent {text}, {size}", "{name} mengirim {text}, {size}"),
    "server.log.file_arrived": (
        "{text}, {size}, arrived from realm {name}",
        "{text}, {size}, tiba dari realm {name}",
    ),
    "server.log.file_removed": ("the file {text} was removed", "file {text} dihapus"),
    "server.log.file_unreadable": (
        "the file {text} cannot be read from the disk",
        "file {text} tidak bisa dibaca dari disk",
    ),
    "server.log.no_file": ("there is no such file: {name}", "tidak ada file itu: {name}"),
    "server.log.not_removed": (
        "the disk is full, so {name} could not be removed",
        "disk penuh, jadi {name} tidak bisa dihapus",
    ),
    "server.log.disk_full": (
        "the disk is full: new messages are refused until there is space",
        "disk penuh: pesan baru ditolak sampai ada ruang kosong",
    ),
    "server.log.disk_free": ("there is space on the disk again", "disk punya ruang kosong lagi"),
    "server.log.archive_rebuilt": (
        "archive.csv was missing or cut; written anew with {count} messages",
        "archive.csv hilang atau terpotong; ditulis ulang dengan {count} pesan",
    ),
    "server.log.archive_set_aside": (
        "archive.csv held lines the database lacks; kept as {text}",
        "archive.csv memuat baris yang tidak ada di basis data; disimpan sebagai {text}",
    ),
    "server.log.archive_locked": (
        "archive.csv is open in another program; it catches up when that closes",
        "archive.csv sedang dibuka program lain; akan menyusul setelah ditutup",
    ),
    "server.log.archive_writable": (
        "archive.csv can be written again and has caught up",
        "archive.csv bisa ditulis lagi dan sudah menyusul",
    ),
    "server.log.archive_read_back": (
        "no database found; {count} messages read back from archive.csv",
        "basis data tidak ada; {count} pesan dibaca kembali dari archive.csv",
    ),
    "server.log.session_broken": (
        "a session from {address} broke the rules and was closed",
        "sesi dari {address} melanggar aturan dan ditutup",
    ),
    "server.log.realm_added": (
        "realm {name} was added: {address}",
        "realm {name} ditambahkan: {address}",
    ),
    "server.log.realm_linked": ("realm {name} is linked", "realm {name} tersambung"),
    "server.log.realm_back": (
        "realm {name} reachable again, {count} waiting messages delivered",
        "realm {name} terhubung lagi, {count} pesan yang menunggu sudah sampai",
    ),
    "server.log.realm_back_one": (
        "realm {name} reachable again, 1 waiting message delivered",
        "realm {name} terhubung lagi, 1 pesan yang menunggu sudah sampai",
    ),
    "server.log.realm_lost": (
        "the link to realm {name} is gone; what is said to it waits",
        "sambungan ke realm {name} terputus; pesan untuknya menunggu",
    ),
    "server.log.realm_key_changed": (
        "somebody with another key answers for realm {name} at {address}: not linked",
        "yang menjawab untuk realm {name} di {address} memakai kunci lain: tidak disambungkan",
    ),
    "server.log.realm_password": (
        "realm {name} refuses the password that we have for it",
        "realm {name} menolak kata sandi yang kita punya",
    ),
    "server.log.realm_refused": (
        "realm {name} refuses the link",
        "realm {name} menolak sambungan",
    ),
    "server.log.realm_cut": ("realm {name} was cut off", "realm {name} diputus"),
    "server.log.realm_restored": (
        "realm {name} may be linked again",
        "realm {name} boleh tersambung lagi",
    ),
    "server.log.realm_dropped": ("realm {name} was removed", "realm {name} dihapus"),
    "server.log.realm_full": (
        "realm {name} has left here as much as one realm may; no more is taken from it",
        "realm {name} sudah menaruh sebanyak yang boleh di sini; tidak diterima lagi darinya",
    ),
    "server.log.realm_file_too_large": (
        "the file {text} of realm {name} is too large for this server and was not taken",
        "file {text} dari realm {name} terlalu besar untuk server ini dan tidak diterima",
    ),
    "server.log.realm_file_removed": (
        "the file {text} of realm {name} was removed there and does not come",
        "file {text} dari realm {name} sudah dihapus di sana dan tidak akan datang",
    ),
    "server.log.realm_file_waits": (
        "the file {text} of realm {name} waits: there is no room for it here",
        "file {text} dari realm {name} menunggu: tidak ada tempat untuknya di sini",
    ),
    "server.realm.none": (
        "no realm is called {name} here",
        "tidak ada realm bernama {name} di sini",
    ),
    "server.realm.exists": (
        "{name}: that realm, or that name, is there already; if its address or password is another "
        "now, remove it (/delrealm) and add it again: nothing that waits is lost",
        "{name}: realm atau nama itu sudah ada; jika alamat atau kata sandinya berubah, hapus "
        "(/delrealm) lalu tambahkan lagi: pesan yang menunggu tidak hilang",
    ),
    "server.realm.unreachable": (
        "{name}: no server answers at that address",
        "{name}: tidak ada server yang menjawab di alamat itu",
    ),
    "server.realm.password": (
        "{name}: the password of that realm's room is another",
        "{name}: kata sandi ruang realm itu bukan itu",
    ),
    "server.realm.guesses": (
        "{name}: too many tries; wait a minute",
        "{name}: terlalu banyak percobaan; tunggu satu menit",
    ),
    "server.realm.not_allowed": (
        "{name}: links are switched off here (--realms off), or that server makes none",
        "{name}: sambungan dimatikan di sini (--realms off), atau server itu tidak menerimanya",
    ),
    "server.realm.impossible": (
        "{name}: a realm needs a name of at most 20 letters, digits, - and _, an IP address and a "
        "port, and cannot be this server itself",
        "{name}: realm perlu nama berisi paling banyak 20 huruf, angka, - dan _, alamat IP dan "
        "port, dan bukan server ini sendiri",
    ),
    "server.realm.full": (
        "{name}: there are as many realms as there may be, here or there",
        "{name}: jumlah realm sudah penuh, di sini atau di sana",
    ),
    "server.log.nobody": ("nobody here is called {name}", "tidak ada yang bernama {name} di sini"),
}
