/**
 * Instances from scripts and modalities on the To decide page. Instances that were not taken are decided here. The
 * others have their own pages, to which a link leads.
 */
import { Icon } from '../kit/Icon.tsx';
import { hrefOf } from '../kit/routes.ts';
import { useSession } from '../net/net-context.ts';
import { EVERYTHING, type Choice } from './list-choice.ts';
import { keepChoice } from './day-list.ts';
import { NotTaken } from './NotTaken.tsx';
import { notTakenWords as words } from './not-taken-words.ts';
import { useSentElsewhere } from './sent-elsewhere.ts';

export function FromElsewhere() {
  const user = useSession().user.value;
  const isAdmin = user?.roles.includes('admin') === true;
  const counted = useSentElsewhere().waiting.value.value;
  if (counted === null) return null;
  const { notTaken, held, transfers } = counted;
  return (
    <>
      {notTaken > 0 && <NotTaken ofSite={isAdmin} asked={counted} />}
      {held > 0 && (
        <Elsewhere
          {...words.held(held, isAdmin)}
          to={{ page: 'studies' }}
          onGo={() => keepChoice(sessionStorage, user?.id ?? null, thatNeedYou(isAdmin))}
        />
      )}
      {transfers > 0 && (
        <Elsewhere {...words.transfers(transfers)} to={{ page: 'admin', at: 'dimse-peers' }} />
      )}
    </>
  );
}

type ElsewhereProps = Readonly<Record<'title' | 'what' | 'go', string>> & {
  readonly to: Parameters<typeof hrefOf>[0];
  readonly onGo?: () => void;
};

const thatNeedYou = (isAdmin: boolean): Choice => ({
  ...EVERYTHING,
  whose: isAdmin ? 'of-the-site' : 'own',
  shown: 'needs-you',
});

function Elsewhere({ title, what, go, to, onGo }: ElsewhereProps) {
  return (
    <section class="needs-group" aria-label={title}>
      <div class="needs-head">
        <Icon name="decide" />
        <h2 class="numbers">{title}</h2>
      </div>
      <p>{what}</p>
      <p>
        <a class="button" href={hrefOf(to)} onClick={onGo}>
          {go}
        </a>
      </p>
    </section>
  );
}
