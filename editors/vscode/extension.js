// Starts `fwc lsp` and lets it answer for policies and project files.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const command = vscode.workspace.getConfiguration("fwc").get("path", "fwc");
  const server = { command, args: ["lsp"] };
  client = new LanguageClient("fwc", "fwc", server, {
    documentSelector: [
      { scheme: "file", language: "fw" },
      { scheme: "file", pattern: "**/fwc.yaml" },
    ],
  });
  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(`fwc: cannot start \`${command} lsp\`: ${error.message}`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running?.isRunning()) {
    await running.stop();
  }
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("fwc.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("fwc.path")) {
        return restart();
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
