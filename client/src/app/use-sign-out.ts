/** Signing out with its consequences for what this page has read and not saved. */
import { useState } from 'preact/hooks';
import { useSession, useSignOutTasks } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';
import { leaveChoice } from './leave-choice.ts';

/**
 * Signs out, `everywhere` or here. `isUnkept`: verdicts could not be saved, and the next attempt signs out
 * without them. The promise is refused (ApiProblem, Unreachable) where the gateway did not end the other
 * sessions: then the person is still signed in.
 */
export function useSignOut(onClose: () => void, everywhere = false) {
  const session = useSession();
  const ingest = useIngest();
  const signOutTasks = useSignOutTasks();
  const [isLeaving, setLeaving] = useState(false);
  const [isUnkept, setUnkept] = useState(false);
  const signOut = async () => {
    setLeaving(true);
    // Afterwards they could not send it in their name. Somebody who has been told may sign out anyway.
    if (!isUnkept && (await signOutTasks.finishAll()) > 0) {
      setUnkept(true);
      setLeaving(false);
      return;
    }
    if (everywhere) await session.signOutEverywhere().finally(() => setLeaving(false));
    signOutTasks.leave();
    leaveChoice(ingest);
    if (!everywhere) void session.signOut();
    onClose();
  };
  return { signOut, isLeaving, isUnkept };
}
