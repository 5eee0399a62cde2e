//! Messages, notes and diaries that were written for few.
//!
//! Finds: a text with a letter under a key of messages between people.
//! Not one: kinds and states of messages.
//! Example: `direct_message` = `see you at 8`, `chat_message` = `on my way`, `tagebucheintrag` = `Heute war es still`
//! Misses: messages under `message` and `note` alone, which name texts of programs as often (`free_text` looks at
//! them).
//! Source: key vocabulary; Fideslang 2.0 for the category.

use weir_event::{Category, Likelihood};

use super::{Keyed, Vocabulary, letters};
use crate::facts::PathFacts;

pub(crate) const CLASS: Keyed = Keyed {
    name: "private_content",
    category: Category::PrivateContent,
    facts: PathFacts::PRIVATE_TEXT,
    also: PathFacts::TEXT,
    likelihood: Likelihood::Likely,
    fits: letters,
    words: Vocabulary {
        always: "directmessage directmessages dmtext dmcontent privatemessage privatemessages chatmessage chatmessages
            chatcontent chattext chatlog chathistory chattranscript smstext smsbody smscontent messagebody messagetext
            emailbody mailbody emailcontent privatenote privatenotes personalnote personalnotes usernote usernotes
            journalentry diaryentry diary voicemailtranscript calltranscript conversationtext nachrichtentext
            privatnachricht privatenachricht tagebuch tagebucheintrag chatnachricht chatverlauf messageprivé
            contenumessage journalintime mensajeprivado mensajedirecto textomensaje diariopersonal mensagemprivada
            mensagemdireta diariopessoal messaggioprivato testomessaggio diariopersonale privébericht chatbericht
            dagboek wiadomośćprywatna treśćwiadomości pamiętnik privatmeddelande dagbok privatbesked dagbog
            privatmelding yksityisviesti päiväkirja soukromázpráva deník özelmesaj pesanpribadi catatanharian
            личноесообщение текстсообщения дневник lichnoesoobschenie приватнеповідомлення щоденник メッセージ本文 日記 私信 聊天记录
            聊天内容 日记 쪽지 채팅내용 일기",
        ..Vocabulary::NONE
    },
};
