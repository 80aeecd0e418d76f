/** The form of a correction: the right finding and the reason for it. */
import { useState } from 'preact/hooks';
import type { Result } from '#shared/protocol/inference.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { Sheet } from '../../kit/Sheet.tsx';
import { TypedField } from '../../kit/TypedField.tsx';
import { className, correctionsOf } from '../parts/describe-result.ts';
import { reasonBefore, type Correction, type VerifyRequest } from '../parts/finding-kinds.ts';
import { resultWords } from '../parts/result-words.ts';

const said = resultWords.verdict;

/** A longer text would be a report, not a reason. */
const REASON_CHARACTERS = 1_000;
const NEARLY_FULL = 200;

/** `before`: the person's own earlier correction, so that nobody has to retype it. */
type CorrectSheetProps = {
  readonly of: Result;
  readonly before: VerifyRequest | null;
  readonly onCorrect: (request: VerifyRequest) => void;
  readonly onClose: () => void;
};

export function CorrectSheet({ of, before, onCorrect, onClose }: CorrectSheetProps) {
  // Nothing is preselected, because this text goes into the PACS under the person's name.
  const [finding, setFinding] = useState<Correction | null>(before?.finding ?? null);
  const [typed, setReason] = useState<string | null>(null);
  const reason = typed ?? reasonBefore(before, finding);
  const [isSubmitted, setSubmitted] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (finding === null || reason.trim() === '') return;
    onClose();
    onCorrect({ verdict: 'correct', finding, reason: reason.trim() });
  };
  return (
    <Sheet title={said.form.title} onClose={onClose}>
      <form noValidate onSubmit={submit}>
        <FindingChoice of={of} chosen={finding} onChoose={setFinding} />
        <div role="alert">
          {isSubmitted && finding === null && <p class="small reason-missing">{said.form.findingMissing}</p>}
        </div>
        <ReasonField reason={reason} isMissing={isSubmitted && reason.trim() === ''} onReason={setReason} />
        <div class="sheet-actions">
          <button type="button" class="button" onClick={onClose}>
            {kitWords.cancel}
          </button>
          <button type="submit" class="button button-main">
            {said.form.submit}
          </button>
        </div>
      </form>
    </Sheet>
  );
}

type FindingChoiceProps = {
  readonly of: Result;
  readonly chosen: Correction | null;
  readonly onChoose: (finding: Correction) => void;
};

/** The findings that can replace the model's. */
function FindingChoice({ of, chosen, onChoose }: FindingChoiceProps) {
  return (
    <fieldset class="sheet-part correct-findings">
      <legend class="small quiet">{said.form.finding}</legend>
      {correctionsOf(of).map((each) => (
        <label key={each} class="choice">
          <input
            type="radio"
            name="finding"
            checked={chosen === each}
            // If none is chosen, the sheet itself focuses the first.
            autofocus={chosen === each}
            onChange={() => onChoose(each)}
          />
          <span>{className(each)}</span>
        </label>
      ))}
    </fieldset>
  );
}

type ReasonFieldProps = {
  readonly reason: string;
  readonly isMissing: boolean;
  readonly onReason: (reason: string) => void;
};

/** The reason in the radiologist's words, with a hint about its purpose or the number of characters left. */
function ReasonField({ reason, isMissing, onReason }: ReasonFieldProps) {
  const left = REASON_CHARACTERS - reason.length;
  const hint = left < NEARLY_FULL ? said.form.left(left) : said.form.reasonWhat;
  return (
    <>
      <TypedField title={said.form.reason}>
        <label class="field sheet-part">
          <span class="small quiet">{said.form.reason}</span>
          <textarea
            rows={3}
            maxLength={REASON_CHARACTERS}
            value={reason}
            aria-required="true"
            aria-invalid={isMissing}
            aria-describedby="reason-what"
            onInput={(event) => onReason(event.currentTarget.value)}
          />
        </label>
      </TypedField>
      <p
        id="reason-what"
        class={isMissing ? 'small reason-missing' : 'small quiet'}
        role={isMissing ? 'alert' : undefined}
      >
        {isMissing ? `${said.form.reasonMissing} ${hint}` : hint}
      </p>
    </>
  );
}
