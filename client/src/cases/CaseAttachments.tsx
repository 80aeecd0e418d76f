/** The files of a case: attaching with progress, saving to this device, removing. This page displays none of them. */
import { AskFirst } from '../kit/AskFirst.tsx';
import { formatBytes, formatMoment } from '../kit/format.ts';
import { identitySaid, typedSaid } from '../kit/identities.ts';
import { kitWords } from '../kit/kit-words.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { usePageStore } from '../net/use-page-store.ts';
import { createAttachmentsStore, type Attachment, type AttachmentsStore } from './attachments.store.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { caseWords } from './parts/case-words.ts';
import { saveBlob } from '../net/save-file.ts';

const words = caseWords.attachments;

type CaseAttachmentsProps = { readonly id: string; readonly mayWrite: boolean };

export function CaseAttachments({ id, mayWrite }: CaseAttachmentsProps) {
  const store = usePageStore((api) => createAttachmentsStore(api, id));
  return (
    <section class="stack" aria-label={words.title}>
      <h2>{words.title}</h2>
      <WhenKnown of={store.files} loading={kitWords.looking}>
        {({ attachments, hidden }, known) => (
          <>
            {attachments.length === 0 && hidden === 0 && <p class="quiet">{words.none(known)}</p>}
            {hidden > 0 && <p class="quiet">{words.hidden(hidden)}</p>}
            <ul class="plain">
              {attachments.map((of) => (
                <li key={of.id} class="hairline case-file">
                  <OneFile of={of} store={store} mayWrite={mayWrite} />
                </li>
              ))}
            </ul>
          </>
        )}
      </WhenKnown>
      <TroubleAlert trouble={store.trouble.value} />
      {mayWrite && <Attach store={store} />}
    </section>
  );
}

function Attach({ store }: { readonly store: AttachmentsStore }) {
  const sent = store.sent.value;
  const choose = (input: HTMLInputElement) => {
    const [file] = input.files ?? [];
    if (file !== undefined) void store.add(file);
    // Lets the same file be chosen again after it was refused.
    input.value = '';
  };
  return (
    <>
      <label class="field">
        <span>{words.add}</span>
        <input
          type="file"
          accept="application/pdf,image/png,image/jpeg"
          disabled={sent !== null}
          onChange={(event) => choose(event.currentTarget)}
        />
      </label>
      <div role="status">
        {sent !== null && <p class="small quiet numbers">{words.adding(Math.round(sent * 100))}</p>}
      </div>
    </>
  );
}

type OneFileProps = { readonly of: Attachment; readonly store: AttachmentsStore; readonly mayWrite: boolean };

function OneFile({ of, store, mayWrite }: OneFileProps) {
  const name = of.name === null ? words.gone : typedSaid(of.name);
  const about = [
    words.kinds[of.kind],
    formatBytes(of.bytes),
    of.by ?? caseWords.notes.reader,
    formatMoment(new Date(of.at), new Date()),
  ];
  return (
    <>
      <div class="case-file-what">
        <p class="strong kept">
          <bdi>{name}</bdi>
        </p>
        <p class="small quiet numbers">{about.join(caseWords.separator)}</p>
      </div>
      <div class="row">
        {of.name !== null && (
          <button
            type="button"
            class="button"
            aria-label={words.saveOf(name)}
            onClick={() => void save(store, of)}
          >
            {words.save}
          </button>
        )}
        {mayWrite && (
          <AskFirst
            label={words.remove}
            of={words.removeOf(name)}
            ask={words.removeAsk(name)}
            onYes={() => void store.remove(of)}
          />
        )}
      </div>
    </>
  );
}

/** Saves the file on this device under its original name; while names are hidden, under its id. */
async function save(store: AttachmentsStore, of: Attachment): Promise<void> {
  const bytes = await store.fetch(of);
  if (bytes !== null) saveBlob(bytes, identitySaid(of.name) || `${of.id}.${of.kind}`);
}
