-- What neovim.test.ts has Neovim do with the file that it opened; the answers go to $MARGO_RESULT as JSON.

local patience = 30000

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

-- Places are counted from 1, as Neovim shows them.
local function placeOf(start)
  return (start.line + 1) .. ":" .. (start.character + 1)
end

local function ask(method, extra)
  local params = vim.tbl_extend("force", vim.lsp.util.make_position_params(), extra or {})
  local answers = vim.lsp.buf_request_sync(0, method, params, patience) or {}
  for _, answer in pairs(answers) do
    if answer.result then return answer.result end
  end
  error("no answer to " .. method)
end

local function waitForDiagnostics(count)
  vim.wait(patience, function() return #vim.diagnostic.get(0) == count end, 20)
  local told = {}
  for _, one in ipairs(vim.diagnostic.get(0)) do
    table.insert(told, (one.lnum + 1) .. ":" .. (one.col + 1) .. " " .. one.message)
  end
  return table.concat(told, "\n")
end

local function run()
  local result = { filetype = vim.bo.filetype }
  result.diagnostics = waitForDiagnostics(1)

  vim.fn.cursor(10, 24)
  result.hover = ask("textDocument/hover").contents.value
  local definition = ask("textDocument/definition")
  local target = definition[1] or definition
  result.definition = placeOf((target.targetSelectionRange or target.range).start)
  local references = ask("textDocument/references", { context = { includeDeclaration = true } })
  result.references = vim.tbl_map(function(one) return placeOf(one.range.start) end, references)

  if vim.lsp.buf.format then
    vim.lsp.buf.format({ timeout_ms = patience })
  else
    vim.lsp.buf.formatting_sync(nil, patience)
  end
  result.formatted = lines()

  vim.fn.cursor(10, 24)
  vim.lsp.buf.rename("double")
  vim.wait(patience, function() return vim.fn.search("fn double", "nw") > 0 end, 20)
  result.renamed = lines()

  vim.api.nvim_buf_set_lines(0, 9, 10, false, { "fn four(x: f32[N]) = doub" })
  vim.fn.cursor(10, 26)
  vim.cmd("startinsert!")
  local completion = ask("textDocument/completion", {
    position = { line = 9, character = 25 },
  })
  result.completion = vim.tbl_map(function(one) return one.label end, completion.items or completion)
  vim.cmd("stopinsert")

  vim.api.nvim_buf_set_lines(0, 9, 10, false, { "fn four(x: f32[N]) = double(x)" })
  result.afterwards = waitForDiagnostics(0)
  return result
end

local fine, result = pcall(run)
local file = io.open(vim.env.MARGO_RESULT, "w")
file:write(vim.fn.json_encode(fine and result or { error = tostring(result) }))
file:close()
vim.cmd("qall!")
