import { messageOf } from '../base/errors.ts';
import type { StoreFault } from './store-unavailable.ts';

export interface KeychainFault {
  reason: StoreFault;
  message: string;
  /** What to do; on Linux with the names of the packages. */
  mend: string;
}

/** A Secret Service that has once been started without a password takes none later, so the order is part of it. */
const openKeyring =
  "log in to the desktop, or begin a session with it: `dbus-run-session -- sh -c 'gnome-keyring-daemon --unlock --components=secrets < PASSWORD_FILE; parahack-sync …'`.";
const lockedMend: Partial<Record<NodeJS.Platform, string>> = {
  linux: `Unlock it: ${openKeyring}`,
  darwin: 'Unlock it: log in to the desktop, or over SSH run `security unlock-keychain`.',
};
const refusedMend: Partial<Record<NodeJS.Platform, string>> = {
  linux:
    'Look at what the Secret Service (gnome-keyring, KeePassXC, KWallet) says, and allow the program to use it.',
  darwin:
    'Allow the program to use the keychain when the system asks; "Always Allow" keeps it from asking again.',
  win32: 'Check that the service "Credential Manager" (VaultSvc) runs.',
};

/** Keytar has no error codes, only the texts of libsecret, GDBus, Keychain Services, Windows and the dynamic loader. */
const faults: readonly {
  pattern: RegExp;
  fault: (platform: NodeJS.Platform) => KeychainFault;
}[] = [
  {
    pattern: /locked collection|is locked|interaction is not allowed|dismissed|did not finish within/i,
    fault: (platform) => ({
      reason: 'locked',
      message: 'The keychain is locked.',
      mend: lockedMend[platform] ?? "Unlock it in the system's keychain program and try again.",
    }),
  },
  {
    // glibc's and musl's words.
    pattern:
      /libsecret[^:]*: cannot open shared object|loading shared library libsecret|libsecret.*not found/i,
    fault: () => ({
      reason: 'absent',
      message: 'The library libsecret, through which Linux gives access to a keychain, is missing.',
      mend: 'Install it: `apt install libsecret-1-0` (Debian, Ubuntu), `dnf install libsecret` (Fedora, RHEL), `apk add libsecret` (Alpine). A server or a container has no Secret Service behind it either: the encrypted file is made for those.',
    }),
  },
  {
    pattern:
      /cannot open shared object|loading shared library|error relocating|symbol not found|invalid elf|not a valid win32|mach-o|cannot find (module|package)|NODE_MODULE_VERSION|GLIBC/i,
    fault: () => ({
      reason: 'absent',
      message: "The part of the program that talks to the system's keychain cannot be loaded.",
      mend: 'Install parahack-sync anew on this machine, with this Node.js (`npm ci` or `npm rebuild keytar`).',
    }),
  },
  {
    // What a Secret Service answers that was started by this very request, where no desktop can ask for a password.
    pattern: /object does not exist at path.*\/collection\//i,
    fault: () => ({
      reason: 'absent',
      message:
        'The Secret Service of this session has no keyring yet, and nobody can be asked for a password.',
      mend: `Make one: ${openKeyring}`,
    }),
  },
  {
    pattern:
      /org\.freedesktop\.secrets|serviceunknown|not provided by any|object does not exist|no such interface/i,
    fault: () => ({
      reason: 'absent',
      message: 'No Secret Service runs in this session, so there is no keychain.',
      mend: 'Install and start one: the package is gnome-keyring (Debian, Ubuntu, Fedora, Alpine); KeePassXC and KWallet offer one too.',
    }),
  },
  {
    pattern:
      /autolaunch|d-?bus|message bus|could not connect|given address is empty|machine-id|no such file|connection refused|transport/i,
    fault: () => ({
      reason: 'absent',
      message: 'There is no D-Bus session, through which Linux reaches a keychain.',
      mend: 'Log in to the desktop, or install D-Bus and run the program in a session of it, `dbus-run-session -- parahack-sync …`: the packages are dbus and gnome-keyring (Debian, Ubuntu: dbus-user-session; Fedora: dbus-daemon; Alpine: dbus).',
    }),
  },
];

/** Which part of the keychain is missing, closed or unwilling, and what mends it on this system. */
export function keychainFaultOf(error: unknown, platform: NodeJS.Platform): KeychainFault {
  const text = messageOf(error);
  const known = faults.find(({ pattern }) => pattern.test(text));
  if (known !== undefined) return known.fault(platform);
  return {
    reason: 'refused',
    message: 'The keychain refused.',
    mend: refusedMend[platform] ?? "Look at what the system's keychain program says.",
  };
}
