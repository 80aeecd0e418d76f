/** Signing out, and what it means for files that this page has read but not saved. */
import { useState } from 'preact/hooks';
import { useSession, useSignOutTasks } from '../net/net-context.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { leaveChoice } from './leave-choice.ts';

/**
 * Signs out, `everywhere` or only here. `isUnkept`: verdicts could not be saved, and the next attempt signs out without
 * them. The promise rejects (ApiProblem, Unreachable) if the gateway did not end the other sessions; the person is then
 * still signed in.
 */
export function useSignOut(onClose: () => void, everywhere = false) {
  const session = useSession();
  const ingest = useIngest();
  const signOutTasks = useSignOutTasks();
  const [isLeaving, setLeaving] = useState(false);
  const [isUnkept, setUnkept] = useState(false);
  const signOut = async () => {
    setLeaving(true);
    // After signing out the tasks could not send in this person's name. A person who has been told may sign out anyway.
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
