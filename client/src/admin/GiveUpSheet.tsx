/** Asks why instances are given up for good. */
import { useState } from 'preact/hooks';
import { GIVING_UP_REASONS, type GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { giveUpWords } from './give-up-words.ts';

type GiveUpProps = {
  readonly about: string;
  readonly words: {
    readonly title: string;
    readonly what: string;
    readonly reasons: Readonly<Record<GivingUpReason, string>>;
  };
  readonly onClose: () => void;
  readonly onGiven: (because: GivingUpReason) => void;
};

export function GiveUpSheet({ about, words, onClose, onGiven }: GiveUpProps) {
  const [because, setBecause] = useState<GivingUpReason | null>(null);
  const give = () => {
    onClose();
    if (because !== null) onGiven(because);
  };
  return (
    <Sheet title={words.title} onClose={onClose}>
      <p class="strong kept">{about}</p>
      <p class="sheet-text">{words.what}</p>
      <fieldset class="sheet-part">
        <legend>{giveUpWords.why}</legend>
        {GIVING_UP_REASONS.map((each) => (
          <label class="choice" key={each}>
            <input type="radio" name="because" checked={each === because} onChange={() => setBecause(each)} />
            <span>{words.reasons[each]}</span>
          </label>
        ))}
      </fieldset>
      <div class="sheet-actions">
        <button type="button" class="button" onClick={onClose}>
          {giveUpWords.no}
        </button>
        <button type="button" class="button button-stop" disabled={because === null} onClick={give}>
          {giveUpWords.yes}
        </button>
      </div>
    </Sheet>
  );
}
