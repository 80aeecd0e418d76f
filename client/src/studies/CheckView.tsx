/**
 * Checks a receipt: the camera reads the code of a printed one, or a person chooses a photo, the PDF or the saved file,
 * or pastes its text. This device verifies the signature with the gateway's key, without a network. Nothing is sent
 * anywhere.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../kit/Icon.tsx';
import { Notice } from '../kit/Notice.tsx';
import { useApi } from '../net/net-context.ts';
import { checkText, RECEIPT_BYTES_LIMIT, toCharacters, type Checked } from './check-text.ts';
import { checkWords as words } from './check-words.ts';
import { followCamera, pictureOfFile } from './pictures.ts';
import { createCodeReader } from './read-code.ts';
import { factsOf } from './receipt-facts.ts';
import { receiptKeys } from './receipt-keys.ts';
import './check.css';

/** Takes the text that was read; null: the picture has no code. */
type Take = (text: string | null) => void;

export function CheckView() {
  const check = useCheck();
  const [checked, setChecked] = useState<Checked | null>(null);
  const take = async (text: string | null) =>
    setChecked(text === null ? { kind: 'fault', fault: 'no-code' } : await check(text));
  const holds = checked?.kind === 'holds';
  return (
    <main id="content" class="page stack check">
      <h1 tabIndex={-1}>{words.title}</h1>
      <div aria-live="assertive">{checked && <Outcome checked={checked} />}</div>
      {holds ? (
        <p>
          <button type="button" class="button" onClick={() => setChecked(null)}>
            {words.another}
          </button>
        </p>
      ) : (
        <>
          <p class="quiet">{words.what}</p>
          <Camera onText={(text) => void take(text)} />
          <FileButton
            onText={(text) => void take(text)}
            onTooLarge={() => setChecked({ kind: 'fault', fault: 'too-large' })}
          />
          <Pasted onText={(text) => void take(text)} />
        </>
      )}
    </main>
  );
}

/** Requests the keys once, when the page opens. */
function useCheck(): (text: string) => Promise<Checked> {
  const api = useApi();
  const [keys] = useState(() => receiptKeys(api, localStorage));
  return async (text) => {
    const known = await keys;
    return known === null ? { kind: 'fault', fault: 'no-keys' } : checkText(text, known);
  };
}

function Camera({ onText }: { readonly onText: Take }) {
  const video = useRef<HTMLVideoElement>(null);
  const [isThere, setThere] = useState(true);
  useEffect(() => {
    const gone = new AbortController();
    followCamera(video.current!, onText, gone.signal).catch(() => gone.signal.aborted || setThere(false));
    return () => gone.abort();
  }, []);
  if (!isThere) return <p class="quiet small">{words.noCamera}</p>;
  return (
    <video ref={video} class="check-video" muted playsInline aria-label={words.camera}>
      {/* A live camera picture has nothing to caption. */}
      <track kind="captions" />
    </video>
  );
}

type FileButtonProps = { readonly onText: Take; readonly onTooLarge: () => void };

function FileButton({ onText, onTooLarge }: FileButtonProps) {
  const read = async (file: File | undefined) => {
    if (file === undefined) return;
    if (file.size > RECEIPT_BYTES_LIMIT) return onTooLarge();
    onText(await textOfFile(file).catch(() => null));
  };
  return (
    <p>
      <label class="button check-file">
        <Icon name="files" size={20} />
        {words.file}
        <input
          type="file"
          class="unseen"
          accept="image/*,application/pdf,.jws,.txt"
          onChange={(event) => {
            void read(event.currentTarget.files?.[0]);
            // Lets the same file be chosen again.
            event.currentTarget.value = '';
          }}
        />
      </label>
    </p>
  );
}

/** The text of the code in a picture; for any other file, its bytes as characters. */
async function textOfFile(file: File): Promise<string | null> {
  if (!file.type.startsWith('image/')) return toCharacters(new Uint8Array(await file.arrayBuffer()));
  const [reader, picture] = await Promise.all([createCodeReader(globalThis), pictureOfFile(file)]);
  return picture && reader(picture);
}

function Pasted({ onText }: { readonly onText: Take }) {
  const [text, setText] = useState('');
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onText(text);
      }}
    >
      <label class="field">
        <span class="small quiet">{words.paste}</span>
        <textarea
          rows={3}
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <p>
        <button type="submit" class="button" disabled={text.trim() === ''}>
          {words.checkText}
        </button>
      </p>
    </form>
  );
}

function Outcome({ checked }: { readonly checked: Checked }) {
  if (checked.kind === 'fault')
    return (
      <Notice
        kind={checked.fault === 'signature' ? 'stop' : 'wait'}
        title={words.faults[checked.fault].title}
      >
        <p>{words.faults[checked.fault].next}</p>
      </Notice>
    );
  const { title, next } = words.holds[checked.as];
  return (
    <div class="check-holds">
      <p class="row">
        <Icon name="pacs" size={32} />
        <span class="strong">{title}</span>
      </p>
      <p>{next}</p>
      {checked.codes.map((code) => (
        <dl key={code.jti} class="check-facts">
          {factsOf(code).map(([label, said]) => (
            <div key={label}>
              <dt class="quiet">{label}</dt>
              <dd>{said}</dd>
            </div>
          ))}
        </dl>
      ))}
    </div>
  );
}
