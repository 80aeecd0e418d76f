/** The notes of a case, oldest first, and the field for a new one. */
import { NOTE_LENGTH, type CaseNotes as Notes } from '#shared/protocol/cases.ts';
import { formatMoment } from '../kit/format.ts';
import { typedSaid } from '../kit/identities.ts';
import { TypedField } from '../kit/TypedField.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import type { CaseStore } from './case.store.ts';
import { caseWords } from './parts/case-words.ts';

const words = caseWords.notes;

type CaseNotesProps = { readonly store: CaseStore; readonly mayWrite: boolean };

export function CaseNotes({ store, mayWrite }: CaseNotesProps) {
  return (
    <section class="stack" aria-label={words.title}>
      <h2>{words.title}</h2>
      <WhenKnown of={store.notes} loading={words.loading}>
        {({ notes, hidden }, known) => (
          <>
            {notes.length === 0 && hidden === 0 && <p class="quiet">{words.none(known)}</p>}
            {hidden > 0 && <p class="quiet">{words.hidden(hidden)}</p>}
            <ol class="plain" aria-live="polite">
              {notes.map((note) => (
                <Note key={note.id} note={note} />
              ))}
            </ol>
          </>
        )}
      </WhenKnown>
      {mayWrite && <NewNote store={store} />}
    </section>
  );
}

const Note = ({ note: { kind, text, by, at } }: { readonly note: Notes['notes'][number] }) => (
  <li class="hairline case-note">
    <p class="case-note-text">
      {words.kinds[kind] && <span class="strong">{words.kinds[kind]}</span>}
      {text === null ? <span class="quiet">{words.gone}</span> : <bdi>{typedSaid(text)}</bdi>}
    </p>
    <p class="small quiet numbers">{words.by(by ?? words.reader, formatMoment(new Date(at), new Date()))}</p>
  </li>
);

/** The field for a new note. A note that could not be sent stays in it. */
function NewNote({ store }: { readonly store: CaseStore }) {
  const text = store.newNote.value;
  const isBusy = store.isBusy.value;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (text.trim() !== '' && (await store.note(text))) store.newNote.value = '';
  };
  return (
    <form class="stack case-new-note" onSubmit={(event) => void submit(event)}>
      <TypedField title={words.add}>
        <label class="field">
          <span>{words.add}</span>
          <textarea
            rows={3}
            maxLength={NOTE_LENGTH}
            value={text}
            onInput={(event) => (store.newNote.value = event.currentTarget.value)}
          />
          <span class="small quiet">{words.hint}</span>
        </label>
      </TypedField>
      <div>
        <button type="submit" class="button" disabled={isBusy || text.trim() === ''}>
          {isBusy ? words.submitting : words.submit}
        </button>
      </div>
    </form>
  );
}
