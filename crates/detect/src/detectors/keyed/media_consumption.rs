//! What someone watches, reads or listens to.
//!
//! Finds: a text with a letter under a key of watched or heard things.
//! Not one: kinds of media, players.
//! Example: `watch_history` = `Das Boot`, `song_title` = `So What`
//! Misses: the same values under keys that say nothing.
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, letters};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "media_consumption",
    category: Category::MediaConsumption,
    facts: PathFacts::MEDIA,
    also: PathFacts::NONE,
    likelihood: Likelihood::Likely,
    fits: letters,
    words: Vocabulary {
        always: "watchhistory watchedvideos viewinghistory listeninghistory playbackhistory readinghistory lastwatched
            recentlywatched nowplaying currenttrack currentlyreading videotitle videoname songtitle songname tracktitle
            artistname albumtitle albumname movietitle moviename showtitle seriestitle episodetitle podcasttitle
            booktitle articleread filmtitel liedtitel titredufilm titredelachanson titulopelicula titulocancion
            titulodofilme titulofilm titolofilm titolocanzone filmtitels tytułfilmu tytułpiosenki",
        ..Vocabulary::NONE
    },
};
