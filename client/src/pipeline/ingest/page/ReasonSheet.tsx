/** Asks why names are kept, if the policy requires a reason: one choice from a fixed list, then Send. */
import { useState } from 'preact/hooks';
import { SENDING_REASONS, type SendingReason } from '#shared/protocol/sending-reason.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { Sheet } from '../../../kit/Sheet.tsx';
import { chosenWords } from '../found/chosen-words.ts';
import { useIngest } from '../found/ingest-context.ts';

type ReasonSheetProps = {
  /** The label of the Send button. */
  readonly label: string;
  /** Called once a reason was given, so that Send continues. */
  readonly onGiven: () => void;
};

export function ReasonSheet({ label, onGiven }: ReasonSheetProps) {
  const ingest = useIngest();
  const [reason, setReason] = useState<SendingReason | null>(null);
  const give = () => {
    ingest.giveReason(reason);
    onGiven();
  };
  return (
    <Sheet title={chosenWords.reasonTitle} onClose={() => ingest.giveReason(null)}>
      <p>{chosenWords.reasonWhat}</p>
      <fieldset class="sheet-part">
        <legend class="unseen">{chosenWords.reasonTitle}</legend>
        {SENDING_REASONS.map((each) => (
          <label class="choice" key={each}>
            <input type="radio" name="reason" checked={each === reason} onChange={() => setReason(each)} />
            <span>{chosenWords.reason[each]}</span>
          </label>
        ))}
      </fieldset>
      <div class="sheet-actions">
        <button type="button" class="button button-bare" onClick={() => ingest.giveReason(null)}>
          {kitWords.cancel}
        </button>
        <button type="button" class="button button-main" disabled={reason === null} onClick={give}>
          {label}
        </button>
      </div>
    </Sheet>
  );
}
