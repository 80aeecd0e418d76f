/**
 * Checks the code on a printed receipt: the camera reads it, or a photo of it, and this device verifies the signature
 * against the gateway's key, without a network. Nothing is sent anywhere.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ReceiptCode } from '#shared/protocol/receipt-sheet.ts';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { useApi } from '../net/net-context.ts';
import { verifyReceiptCode } from '../pipeline/upload/accept-receipt.ts';
import { followCamera, pictureOfFile } from './pictures.ts';
import { createCodeReader } from './read-code.ts';
import { receiptKeys } from './receipt-keys.ts';
import { studiesWords } from './studies-words.ts';

const words = studiesWords.check;

type Checked =
  | { readonly kind: 'holds'; readonly code: ReceiptCode }
  | { readonly kind: 'fault'; readonly fault: keyof typeof words.faults };

export function CheckReceipt({ onClose }: { readonly onClose: () => void }) {
  const check = useCheck();
  const [checked, setChecked] = useState<Checked | null>(null);
  const take = async (text: string | null) =>
    setChecked(text === null ? { kind: 'fault', fault: 'no-code' } : await check(text));
  return (
    <Sheet title={words.title} onClose={onClose}>
      <p class="sheet-text">{words.what}</p>
      {checked?.kind === 'holds' ? null : <Camera onText={(text) => void take(text)} />}
      <div aria-live="assertive">{checked && <Outcome checked={checked} />}</div>
      <div class="sheet-actions">
        {checked?.kind === 'holds' ? (
          <button type="button" class="button" onClick={() => setChecked(null)}>
            {words.another}
          </button>
        ) : (
          <PhotoButton onText={(text) => void take(text)} />
        )}
        <button type="button" class="button" onClick={onClose}>
          {kitWords.close}
        </button>
      </div>
    </Sheet>
  );
}

/** Asks for the keys once, when the sheet opens. */
function useCheck(): (text: string) => Promise<Checked> {
  const api = useApi();
  const [keys] = useState(() => receiptKeys(api, localStorage));
  return async (text) => {
    const known = await keys;
    if (known === null) return { kind: 'fault', fault: 'no-keys' };
    const code = await verifyReceiptCode(text, known);
    return typeof code === 'string' ? { kind: 'fault', fault: code } : { kind: 'holds', code };
  };
}

function Camera({ onText }: { readonly onText: (text: string) => void }) {
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
      {/* A live picture: there is nothing to caption. */}
      <track kind="captions" />
    </video>
  );
}

function PhotoButton({ onText }: { readonly onText: (text: string | null) => void }) {
  const read = async (file: File | undefined) => {
    if (file === undefined) return;
    const find = async () => {
      const [reader, picture] = await Promise.all([createCodeReader(globalThis), pictureOfFile(file)]);
      return picture && reader(picture);
    };
    onText(await find().catch(() => null));
  };
  return (
    <label class="button check-photo">
      <Icon name="files" size={20} />
      {words.photo}
      <input
        type="file"
        class="unseen"
        accept="image/*"
        onChange={(event) => void read(event.currentTarget.files?.[0])}
      />
    </label>
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
  const { counts, iat, jti, studyInstanceUID } = checked.code;
  const inPacs = (counts.stored ?? 0) + (counts.coerced ?? 0) + (counts['already-stored'] ?? 0);
  const others = (counts.refused ?? 0) + (counts.quarantined ?? 0) + (counts['left-out'] ?? 0);
  return (
    <div class="check-holds">
      <p class="row">
        <Icon name="pacs" size={32} />
        <span class="strong">{words.holds}</span>
      </p>
      <p>{words.inPacs(inPacs, formatMoment(new Date(iat * 1000), new Date()))}</p>
      {others > 0 && <p>{words.others(others)}</p>}
      <p class="code quiet">{studyInstanceUID}</p>
      <p class="code quiet">{jti}</p>
    </div>
  );
}
