/** The account, the appearance of the app, and locking or signing out with its consequences for the queue. */
import { HideNames } from '../kit/HideNames.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { useSession } from '../net/net-context.ts';
import { mayReadAudit } from '../net/may-send.ts';
import { NeedyCount } from '../admin/NeedyCount.tsx';
import { ReviewsCount } from '../reviews/parts/ReviewsCount.tsx';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { useOutboxes } from '../outbox/outboxes.ts';
import { appWords } from './app-words.ts';
import { accountWords as words } from './account-words.ts';
import { mayOpenCases } from './landing.ts';
import { lockDevice } from './lock-mark.ts';
import { THEMES, useLooks } from './looks.ts';
import { LooksChoice } from './LooksChoice.tsx';
import { labelledIn, signOutMeaning } from './sign-out-meaning.ts';
import { useChosen } from './use-chosen.ts';
import { Unkept } from './Unkept.tsx';
import { useSignOut } from './use-sign-out.ts';

/** Written by the build (vite.config.ts). */
declare const RELAY_WEB_VERSION: string;

export type AccountSheetProps = {
  readonly name: string;
  readonly onClose: () => void;
  /** Opens another sheet in place of this one. */
  readonly onOpen: (which: 'password' | 'sessions') => void;
};

export function AccountSheet({ name, onClose, onOpen }: AccountSheetProps) {
  const session = useSession();
  const looks = useLooks();
  const { signOut, isLeaving, isUnkept } = useSignOut(onClose);
  const roles = session.user.value?.roles ?? [];
  return (
    <Sheet title={name} onClose={onClose}>
      <p class="quiet small">{roles.map((role) => kitWords.roles[role]).join(kitWords.separator)}</p>
      <LooksChoice title={words.theme} choices={THEMES} words={words.themes} chosen={looks.theme} />
      <HideNames />
      <div class="sheet-part hairline">
        <Consequence isUnkept={isUnkept} />
        <p class="small quiet">{words.version(RELAY_WEB_VERSION)}</p>
      </div>
      <div class="sheet-part account-more">
        {session.user.value && mayOpenCases(session.user.value) && <CasesLink onClose={onClose} />}
        {session.user.value && mayReadAudit(session.user.value) && (
          <a class="button button-bare" href={hrefOf({ page: 'audit', query: '' })} onClick={onClose}>
            {kitWords.pages.audit}
          </a>
        )}
        {roles.includes('admin') && (
          <a class="button button-bare" href={hrefOf({ page: 'admin', at: 'overview' })} onClick={onClose}>
            {kitWords.pages.admin}
            <NeedyCount />
          </a>
        )}
        <a class="button button-bare" href={hrefOf({ page: 'settings' })} onClick={onClose}>
          {kitWords.pages.settings}
        </a>
        <a class="button button-bare" href={hrefOf({ page: 'help' })} onClick={onClose}>
          {kitWords.pages.help}
        </a>
        {session.state.value === 'signed-in' && (
          <>
            <button type="button" class="button button-bare" onClick={() => onOpen('sessions')}>
              {words.sessions}
            </button>
            <button type="button" class="button button-bare" onClick={() => onOpen('password')}>
              {words.changePassword}
            </button>
          </>
        )}
      </div>
      <div class="sheet-actions">
        <button type="button" class="button" onClick={onClose}>
          {kitWords.close}
        </button>
        {session.user.value && (
          <LeaveButtons isLeaving={isLeaving} isUnkept={isUnkept} onSignOut={() => void signOut()} />
        )}
      </div>
    </Sheet>
  );
}

const CasesLink = ({ onClose }: Pick<AccountSheetProps, 'onClose'>) => (
  <a class="button button-bare" href={hrefOf({ page: 'cases', id: '', query: '' })} onClick={onClose}>
    {kitWords.pages.cases}
    <ReviewsCount />
  </a>
);

/** States what signing out means for the studies and the verdicts on this device. */
function Consequence({ isUnkept }: { readonly isUnkept: boolean }) {
  const queue = useQueue();
  const { verdicts, refusedVerdicts, waiting, refused } = useOutboxes().unsent.value;
  const said = signOutMeaning({
    unsafe: queue.unsafe.value,
    chosen: useChosen(),
    safe: queue.safe.value,
    travelling: queue.travelling.value,
    undecided: sumOf(queue.studies.value.flatMap(({ needs }) => needs)),
    cancelling: queue.studies.value.filter(({ cancelling }) => cancelling).length,
    unsent: verdicts + refusedVerdicts + waiting.length + refused.length,
    labelled: labelledIn(queue.studies.value),
  });
  return (
    <>
      <p class="small sheet-text">{queue.ready.value ? said : kitWords.looking}</p>
      <div role="alert">{isUnkept && <Unkept />}</div>
    </>
  );
}

type LeaveButtonsProps = {
  readonly isLeaving: boolean;
  readonly isUnkept: boolean;
  readonly onSignOut: () => void;
};

function LeaveButtons({ isLeaving, isUnkept, onSignOut }: LeaveButtonsProps) {
  const queue = useQueue();
  const clears = useChosen() > 0;
  const signOut = clears ? words.signOutClear : words.signOut;
  return (
    <>
      <button type="button" class="button" onClick={lockDevice}>
        {appWords.lock}
      </button>
      <button
        type="button"
        class={queue.unsafe.value > 0 || clears || isUnkept ? 'button button-stop' : 'button'}
        disabled={isLeaving}
        onClick={onSignOut}
      >
        {isLeaving ? words.keeping : isUnkept ? words.signOutAnyway : signOut}
      </button>
    </>
  );
}
