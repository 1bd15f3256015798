"""Vocabularies of the generated world. Every genre has the same number of words in each place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def _table(text: str) -> NDArray[np.object_]:
    """One row a line, words separated by commas."""
    return np.array([[w.strip() for w in line.split(",")] for line in text.strip().splitlines()], dtype=object)


def _words(text: str) -> NDArray[np.object_]:
    return np.array(text.split(), dtype=object)


GENRES = _words(
    "Action Adventure Animation Children Comedy Crime Documentary Drama Fantasy Film-Noir Horror Musical Mystery "
    "Romance Sci-Fi Thriller War Western"
)

GENRE_WEIGHTS = np.array([14, 9, 4, 4, 18, 8, 3, 22, 5, 1.5, 7, 2, 4, 9, 7, 11, 3, 1.5])
"""How often each is a movie's first genre, about as in ml-latest-small."""

HEROES = _table("""
a disgraced commando, a getaway driver, a retired boxer, a bodyguard with a past
a young cartographer, a treasure diver, a stranded pilot, a mountain guide
a talking fox, a clumsy dragon, a lost toy robot, a singing hedgehog
a curious schoolgirl, a boy and his dog, a runaway orphan, a pair of twins
an unlucky wedding planner, a hopeless waiter, two feuding neighbours, a lottery winner
a weary safecracker, a rookie detective, a mob accountant, a crooked judge
a patient beekeeper, a village choir, a river engineer, an archive keeper
a grieving teacher, a small-town doctor, an estranged daughter, a failing farmer
an apprentice sorcerer, an exiled queen, a reluctant knight, a moon witch
a private eye, a nightclub singer, an insurance salesman, a femme fatale
a night nurse, a haunted caretaker, a group of campers, a cursed painter
a street dancer, a washed-up tenor, a stage hand, a jazz trumpeter
a retired inspector, a village postmistress, a forensic botanist, an amateur sleuth
a shy bookseller, a wedding photographer, a lighthouse keeper, two pen friends
a starship mechanic, a rogue android, a colony botanist, a time courier
a framed analyst, a hostage negotiator, a sleepless witness, a double agent
a young conscript, a field medic, a bomber crew, a resistance courier
a lone drifter, a frontier sheriff, a cattle widow, an outlaw preacher
""")

DEEDS = _table("""
must storm a guarded tower, races to defuse a bomb, fights a private army
crosses an uncharted desert, follows a torn map, sails into a storm
escapes from the toy factory, befriends a lonely cloud, learns to fly before winter
saves the summer camp, hides a baby elephant, finds a door in the garden
ruins the perfect dinner, pretends to be a priest, inherits a failing circus
plans one last heist, trails a vanished informer, launders money for a rival gang
records a vanishing craft, follows a river to its source, opens the sealed archive
returns home for a funeral, faces an old debt, learns to forgive
seeks the last unicorn, breaks an ancient spell, wakes a sleeping kingdom
is lured into a murder plot, shadows a faithless wife, hides a body in the rain
hears voices in the cellar, wakes something under the lake, is hunted through the woods
rehearses for opening night, sings to save the theatre, writes one great song
finds a body in the library, reads a coded diary, doubts a perfect alibi
falls for a stranger on a train, answers a misdelivered letter, waits for a second dance
repairs a drifting station, meets its own future self, answers a signal from deep space
has one night to clear a name, is followed by an unseen caller, uncovers a plot in the ministry
holds a bridge against the advance, carries orders through the lines, comes home on the last transport
defends a dying town, rides after the stage robbers, buries the gold in the canyon
""")

KEYWORDS = _table("""
explosion, car chase, martial arts, mercenary, rescue mission, showdown
treasure, expedition, jungle, lost city, shipwreck, survival
talking animal, anthropomorphism, magic toy, cartoon hero, friendship, island of toys
school, pet, summer holiday, imaginary friend, family, birthday
mistaken identity, wedding, slapstick, road trip, prank, roommates
heist, gangster, undercover, bank robbery, corruption, prison
interview, nature, craft, archive footage, biography, travel
grief, family secret, redemption, illness, small town, inheritance
magic, prophecy, sword, enchanted forest, dragon, kingdom
femme fatale, double cross, night city, voice over, blackmail, rain
ghost, haunted house, curse, slasher, monster, possession
dance, broadway, choir, jazz, backstage, audition
whodunit, missing person, detective, clue, secret room, alibi
first love, love letter, kiss, paris, love triangle, reunion
space station, android, time travel, alien, dystopia, spaceship
conspiracy, hostage, stalker, spy, countdown, witness
soldier, trench, resistance, battle, prisoner of war, homecoming
gunfight, sheriff, cattle, frontier, outlaw, saloon
""")

THEMES = _table("""
revenge, an old promise, the price of pride, loyalty
the sea, a long winter, a forgotten island, tides
machines, the city at night, progress, solitude
childhood, a lost summer, first courage, home
money, a stolen painting, luck, greed
memory, an unsent letter, regret, time
music, a broken string, applause, silence
faith, a ruined chapel, guilt, mercy
""")
"""One row per taste dimension (in turn, where there are more): what texts give away beyond genre."""

PLACES = _words(
    "Harbor Valley Lisbon Kyoto Midnight Marrakesh Avalon Winter Dublin Nowhere Havana Prague Glass Babylon Siena "
    "Thunder Oslo Eden Samarkand Cork Sorrow Vienna Ash Tangier Summer Bruges Salt Petra Naples Silence"
)

ADJECTIVES = _words(
    "Silent Crimson Broken Golden Hidden Last First Hollow Burning Frozen Distant Gentle Savage Electric Paper "
    "Invisible Restless Forgotten Velvet Iron Lonely Scarlet Wandering Quiet Bitter Painted Falling Secret Eternal "
    "Crooked Luminous Stolen Northern Silver Blind Tender Wild Perfect Second Endless Honest Drowned Borrowed Amber "
    "Fearless Sleeping Shattered Patient Emerald Rising Winding Foreign Careless Sacred Vanishing Bright Dusty Grand "
    "Unlikely Midnight"
)

NOUNS = _words(
    "River Garden Mirror Crown Letter Bridge Shadow Orchard Lantern Stranger Horizon Promise Tower Waltz Engine "
    "Kingdom Island Thief Winter Voyage Daughter Signal Orchid Station Verdict Harvest Compass Chapel Witness Carnival "
    "Paradise Machine Sparrow Fortune Canyon Passenger Labyrinth Melody Outpost Hunter Empire Cathedral Whisper "
    "Reckoning Messenger Lighthouse Masquerade Ember Pilgrim Staircase Tempest Violin Archive Falcon Circus Alibi "
    "Frontier Heirloom Nocturne Avalanche Apprentice Cartographer Beekeeper Summer Telegram Meridian Comet Overture "
    "Sanctuary Inheritance Crossing Monsoon Puppeteer Detour Serenade Bargain Oracle Migration Parade "
    "Clockmaker"
)

ROMAN = np.array(["", " II", " III", " IV", " V", " VI"], dtype=object)

FIRST_NAMES = _words(
    "Ada Alma Amir Anouk Arthur Beatriz Bela Carmen Chidi Clara Cyrus Dana Diego Edith Elif Emil Esther Fatima Felix "
    "Femi Greta Hana Henrik Ida Idris Ines Ingrid Ivan Jamal Jonas June Kaito Karim Kofi Lena Leo Lin Lucia Magnus "
    "Maia Malik Marta Mei Milo Nadia Nils Noor Olga Omar Otto Paola Pavel Petra Priya Rafael Rosa Ruth Samir Selma "
    "Stella Sven Tariq Tess Theo Tomas Uma Vera Viktor Wanda Yara Yusuf Zadie Zora"
)

LAST_NAMES = _words(
    "Abara Adler Almeida Ando Aziz Baptiste Barlow Becker Bianchi Blom Caldwell Castellan Chen Costa Dahl Darzi "
    "Delacroix Diaz Dubois Eklund Eriksen Farouk Fontaine Forsyth Fujita Galvan Gray Haddad Hale Hartmann Hayashi "
    "Holloway Ibarra Idowu Ivanova Jansen Kamara Kaplan Karlsen Keller Khoury Kim Kovacs Kowalski Lange Laurent "
    "Lindqvist Lombardi Lund Mahfouz Marlowe Mbeki Medina Meyer Mirza Mori Moreau Nakano Navarro Ndiaye Novak Nyberg "
    "Okafor Okonkwo Oliveira Osei Park Pereira Petrov Quinn Rahman Ramos Reyes Rinaldi Rossi Sato Schmidt Serrano "
    "Silva Singh Soto Strand Suzuki Takeda Tanaka Torres Tremblay Ueda Usman Vance Varga Vasquez Vogel Wagner "
    "Walsh Webb Weiss Wolfe Yamada Yilmaz Zhang Zielinski"
)

OCCUPATIONS = _words(
    "administrator artist doctor educator engineer executive healthcare homemaker lawyer librarian marketing none "
    "other programmer retired salesman scientist student technician writer"
)
