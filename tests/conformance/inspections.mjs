// Runs the inspector's programs, each line of stdin a program and its arguments: to load them takes longer than they
// work. What a run prints is followed by what it ended with.
import { createInterface } from "node:readline";
import { runCli } from "@modelcontextprotocol/inspector/clients/cli/build/index.js";
import { runMcp } from "@modelcontextprotocol/inspector/clients/mcpdo/build/mcp-bin.js";

const programs = { "mcp-inspector": runCli, mcpdo: runMcp };

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...given] = JSON.parse(line);
  let fault = null;
  try {
    await programs[name](["node", name, ...given]);
  } catch (error) {
    fault = String(error?.message ?? error);
  }
  process.stdout.write(`${JSON.stringify({ fault })}\n`);
}
