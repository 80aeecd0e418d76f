/**
 * The policy in force for the next Send: always described in words. It can be changed in a sheet if the person may
 * choose.
 */
import { useState } from 'preact/hooks';
import type { Policy } from '#shared/protocol/api.ts';
import { maySend } from '../../../net/may-send.ts';
import { useSession } from '../../../net/net-context.ts';
import { useIngest } from '../found/ingest-context.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { Notice } from '../../../kit/Notice.tsx';
import { Sheet } from '../../../kit/Sheet.tsx';
import { ingestWords } from './ingest-words.ts';
import { chosenWords } from '../found/chosen-words.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { coveredOf } from '../found/sendable.ts';

export function PolicyChoice() {
  const ingest = useIngest();
  const session = useSession();
  const [open, setOpen] = useState(false);
  const policy = ingest.policy.value;
  const user = session.user.value;
  if (user && !maySend(user)) return <p class="policy small">{ingestWords.mayNot}</p>;
  if (!policy) return <p class="policy small quiet">{chosenWords.policyMissing}</p>;
  const shown = (
    <>
      <Icon name={policy.deidentify ? 'shield' : 'person'} size={20} />
      <span>{policy.title ?? ingestWords.policyInForce(policy.deidentify)}</span>
    </>
  );
  const names = !policy.deidentify;
  if (ingest.policies.value.length < 2)
    return (
      <p class="policy small" data-names={names}>
        {shown}
      </p>
    );
  return (
    <>
      <button
        type="button"
        class="button button-bare policy"
        data-names={names}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        {shown}
        <span class="policy-change">{chosenWords.policyChange}</span>
      </button>
      {open && (
        <PolicySheet policies={ingest.policies.value} chosen={policy} onClose={() => setOpen(false)} />
      )}
    </>
  );
}

function PolicySheet({
  policies,
  chosen,
  onClose,
}: {
  readonly policies: readonly Policy[];
  readonly chosen: Policy;
  readonly onClose: () => void;
}) {
  const ingest = useIngest();
  // A tap only selects; the button below says what the selection means, and applies it.
  const [draft, setDraft] = useState(chosen);
  const addsNames = chosen.deidentify && !draft.deidentify;
  const covered = coveredOf(
    ingest,
    ingest.studies.value.filter(({ selected }) => selected.value),
  );
  const take = () => {
    if (draft.name !== chosen.name) ingest.choosePolicy(draft.name);
    onClose();
  };
  return (
    <Sheet title={chosenWords.policyTitle} onClose={onClose}>
      <fieldset class="sheet-part">
        <legend class="unseen">{chosenWords.policyTitle}</legend>
        {policies.map((policy) => (
          <OnePolicy
            key={policy.name}
            policy={policy}
            checked={policy.name === draft.name}
            onChoose={() => setDraft(policy)}
          />
        ))}
      </fieldset>
      <div aria-live="polite">
        {addsNames && (
          <Notice kind="wait" title={chosenWords.namesLeave}>
            <p>{chosenWords.namesLeaveWhat}</p>
            {covered > 0 && <p>{chosenWords.sentUncovered(covered)}</p>}
          </Notice>
        )}
      </div>
      <div class="sheet-actions">
        <button type="button" class="button button-bare" onClick={onClose}>
          {kitWords.cancel}
        </button>
        <button type="button" class="button button-main" onClick={take}>
          {addsNames ? chosenWords.keepNames : kitWords.done}
        </button>
      </div>
    </Sheet>
  );
}

type OnePolicyProps = {
  readonly policy: Policy;
  readonly checked: boolean;
  readonly onChoose: () => void;
};

function OnePolicy({ policy, checked, onChoose }: OnePolicyProps) {
  return (
    <label class="choice">
      <input type="radio" name="policy" checked={checked} onChange={onChoose} />
      <span data-names={!policy.deidentify}>
        <span class="strong">{policy.title ?? titleOf(policy)}</span>
        <br />
        <span class="quiet small">
          {policy.title === undefined
            ? whatOf(policy)
            : (policy.description ?? ingestWords.policyInForce(policy.deidentify))}
        </span>
        {policy.title !== undefined && (
          <>
            <br />
            <span class="code quiet">{policy.name}</span>
          </>
        )}
      </span>
    </label>
  );
}

/**
 * The two built-in policies are described in our own words. An administrator's policy has a title and shows its name
 * too.
 */
function titleOf({ deidentify }: Policy): string {
  return deidentify ? chosenWords.policyChoice.deidentify : chosenWords.policyChoice.keep;
}

function whatOf({ deidentify }: Policy): string {
  return deidentify ? chosenWords.policyWhat.deidentify : chosenWords.policyWhat.keep;
}
