import { describe, expect, it } from 'vitest';
import { keychainFaultOf } from '../../src/auth/keychain-faults.ts';

describe('a keychain that cannot be used tells what is missing', () => {
  it.each<[NodeJS.Platform, string, string, RegExp, RegExp]>([
    [
      'linux',
      'libsecret-1.so.0: cannot open shared object file: No such file or directory',
      'absent',
      /libsecret/,
      /libsecret-1-0.*dnf install libsecret.*apk add libsecret/,
    ],
    [
      'linux',
      'Error loading shared library libsecret-1.so.0: No such file or directory (needed by keytar.node)',
      'absent',
      /libsecret/,
      /apk add libsecret/,
    ],
    [
      'linux',
      'Error relocating keytar.node: secret_password_lookupv_sync: symbol not found',
      'absent',
      /cannot be loaded/,
      /npm rebuild keytar/,
    ],
    [
      'linux',
      "Cannot find module '../build/Release/keytar.node'",
      'absent',
      /cannot be loaded/,
      /npm rebuild keytar/,
    ],
    [
      'linux',
      'was compiled against a different Node.js version using NODE_MODULE_VERSION 115',
      'absent',
      /cannot be loaded/,
      /this Node\.js/,
    ],
    [
      'linux',
      'Cannot autolaunch D-Bus without X11 $DISPLAY',
      'absent',
      /no D-Bus session/,
      /dbus-run-session.*dbus-user-session.*dbus-daemon.*Alpine: dbus/,
    ],
    [
      'linux',
      'Could not connect: No such file or directory',
      'absent',
      /no D-Bus session/,
      /dbus-run-session/,
    ],
    [
      'linux',
      'Cannot spawn a message bus without a machine-id',
      'absent',
      /no D-Bus session/,
      /dbus-run-session/,
    ],
    [
      'linux',
      'The name org.freedesktop.secrets was not provided by any .service files',
      'absent',
      /No Secret Service/,
      /gnome-keyring/,
    ],
    [
      'linux',
      'Object does not exist at path “/org/freedesktop/secrets/collection/login”',
      'absent',
      /no keyring yet/,
      /dbus-run-session -- sh -c 'gnome-keyring-daemon --unlock --components=secrets < /,
    ],
    [
      'linux',
      'Cannot create an item in a locked collection',
      'locked',
      /locked/,
      /dbus-run-session -- sh -c 'gnome-keyring-daemon --unlock --components=secrets < /,
    ],
    ['linux', 'something new', 'refused', /refused/, /Secret Service/],
    ['darwin', 'User interaction is not allowed.', 'locked', /locked/, /security unlock-keychain/],
    [
      'darwin',
      'The user name or passphrase you entered is not correct.',
      'refused',
      /refused/,
      /Allow the program/,
    ],
    ['win32', 'The specified logon session does not exist.', 'refused', /refused/, /VaultSvc/],
    [
      'win32',
      'keytar.node is not a valid Win32 application',
      'absent',
      /cannot be loaded/,
      /npm rebuild keytar/,
    ],
  ])('on %s: %s', (platform, text, reason, message, mend) => {
    const fault = keychainFaultOf(new Error(text), platform);
    expect(fault).toMatchObject({
      reason,
      message: expect.stringMatching(message),
      mend: expect.stringMatching(mend),
    });
    if (platform !== 'darwin') expect(fault.mend).not.toContain('when the system asks');
  });
});
