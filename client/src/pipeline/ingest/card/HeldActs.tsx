/** On the card of a study that is held back in part or as a whole: why, and the act that helps first as its button. */
import { isHeldForPixels } from '#shared/protocol/reason-kinds.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { sentencesOfReason } from '../../../kit/reason-sentences.ts';
import { hrefOf } from '../../../kit/routes.ts';
import { chosenWords } from '../found/chosen-words.ts';
import type { FoundStudy, HeldFile } from '../found/found-study.ts';
import { actsOnUnreleasable, leaveOutUnreleasable } from '../found/held-acts.ts';
import { useIngest } from '../found/ingest-context.ts';
import { SendOtherwise } from './SendOtherwise.tsx';

type HeldActsProps = {
  readonly study: FoundStudy;
  readonly name: string;
  /** The held files that a person may release. */
  readonly toLookAt: readonly HeldFile[];
};

export function HeldActs(props: HeldActsProps) {
  return (
    <>
      {props.toLookAt.length > 0 && <Look {...props} />}
      <Unreleasable {...props} />
    </>
  );
}

/** The instances that a person has to look at before the study is sent, with the one button that leads to them. */
function Look({ study, name, toLookAt }: HeldActsProps) {
  const reasons = [...new Set(toLookAt.map(({ reason }) => reason))];
  const isOne = toLookAt.length === 1 && reasons.every(isHeldForPixels);
  const label = isOne ? chosenWords.lookAndCover : chosenWords.lookAtPictures;
  return (
    <div class="card-held">
      <Why reasons={reasons} />
      <a
        class="button"
        href={hrefOf({ page: 'before-after', id: study.id, ...(isOne && { covers: true }) })}
        aria-label={chosenWords.beforeAfter.openOf(label, name)}
      >
        {label}
      </a>
    </div>
  );
}

/** The instances that nobody can release, with what can be done instead. */
function Unreleasable({ study, name }: HeldActsProps) {
  const ingest = useIngest();
  const possible = actsOnUnreleasable(ingest, study);
  if (possible === null) return null;
  const own = ingest.heldBack.value.filter(
    (file) => file.studyInstanceUID === study.studyInstanceUID && !file.isReleasable,
  );
  const isLeft = possible.acts.includes('leave-out') || possible.acts.includes('set-aside');
  return (
    <div class="card-held">
      <Why reasons={own.map(({ reason }) => reason)} />
      <SendOtherwise study={study} name={name} policy={possible.policy} />
      {isLeft && (
        <button
          type="button"
          class="button"
          aria-label={chosenWords.actOf(chosenWords.leaveOut, name)}
          disabled={ingest.phase.value === 'queueing'}
          onClick={() => void leaveOutUnreleasable(ingest, study)}
        >
          {chosenWords.leaveOut}
        </button>
      )}
    </div>
  );
}

function Why({ reasons }: { readonly reasons: readonly ReasonCode[] }) {
  const titles = new Set(reasons.map((reason) => sentencesOfReason(reason).title));
  return (
    <>
      <Icon name="decide" size={20} />
      <div class="card-held-why">
        {[...titles].map((title) => (
          <p key={title} class="small">
            {title}
          </p>
        ))}
      </div>
    </>
  );
}
