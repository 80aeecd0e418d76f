/** For a study with held-back files that nobody can release: offers a policy that sends them, for this study alone. */
import { hrefOf } from '../../../kit/routes.ts';
import { chosenWords } from '../found/chosen-words.ts';
import type { FoundStudy } from '../found/found-study.ts';
import { sendUnder, type HeldActs } from '../found/held-acts.ts';
import { useIngest } from '../found/ingest-context.ts';

type SendOtherwiseProps = Pick<HeldActs, 'policy'> & { readonly study: FoundStudy; readonly name: string };

/**
 * The button only leads to the upload page, which shows the study and what the policy does before anybody presses
 * Send.
 */
export function SendOtherwise({ study, name, policy }: SendOtherwiseProps) {
  const ingest = useIngest();
  if (policy === null || policy === 'none') return null;
  const label = chosenWords.otherPolicy(policy);
  const send = () => {
    sendUnder(ingest, study.id, policy);
    location.hash = hrefOf({ page: 'upload' });
  };
  return (
    <button
      type="button"
      class="button"
      aria-label={chosenWords.actOf(label, name)}
      disabled={ingest.phase.value === 'queueing'}
      onClick={send}
    >
      {label}
    </button>
  );
}
